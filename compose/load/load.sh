#!/usr/bin/env bash
# Groups in every state, by Kafka's own tools, for as long as it runs:
#   steady   OK      keeps up
#   slow     WARN    reads two records a second where twenty come
#   gone     STOP    reads for a quarter of a minute and leaves for good
#   stuck    STALL   waits behind a transaction that stays open for ten minutes, and commits where it stands
#   replay   REWIND  is set back a little, again and again
set -euo pipefail

server="${BOOTSTRAP:?host:port of a broker}"
bin="${KAFKA_BIN:-/opt/kafka/bin}"

# All that was started ends with this script.
trap 'trap - EXIT; kill 0' EXIT INT TERM

topic() { # name, partitions
    "${bin}/kafka-topics.sh" --bootstrap-server "${server}" --create --if-not-exists \
        --topic "$1" --partitions "$2" --replication-factor 1
}

produce() { # topic, records a second, more
    "${bin}/kafka-producer-perf-test.sh" --bootstrap-server "${server}" --topic "$1" --throughput "$2" \
        --num-records 2000000000 --record-size 1024 "${@:3}" >/dev/null
}

consume() { # group, topic, more; in the place of the shell that it is called in
    exec "${bin}/kafka-console-consumer.sh" --bootstrap-server "${server}" --group "$1" --topic "$2" \
        --command-property auto.commit.interval.ms=1000 "${@:3}"
}

slow() { # It commits less often than warrener asks for log ends: else its lag seems to shrink between two of them.
    consume slow payments --from-beginning --command-property max.poll.records=1 \
        --command-property auto.commit.interval.ms=10000 |
        while read -r _; do sleep 0.5; done
}

replay() { # An offset that is set is a commit. To the end again and again: at first there may be nothing to go back to.
    local turn=0 move
    while true; do
        move=(--shift-by -5)
        [ $((turn++ % 4)) -ne 0 ] || move=(--to-latest)
        "${bin}/kafka-consumer-groups.sh" --bootstrap-server "${server}" --group replay --topic payments \
            --reset-offsets "${move[@]}" --execute >/dev/null || true
        sleep 15
    done
}

topic orders 3
topic payments 1
topic audit 1
produce orders 60 &
produce payments 20 &
produce audit 10 --transactional-id audit-writer --transaction-duration-ms 600000 \
    --command-property transaction.timeout.ms=900000 &
consume steady orders >/dev/null &
consume stuck audit --from-beginning --isolation-level read_committed >/dev/null &
slow &
consume gone orders --max-messages 900 >/dev/null &
replay &
wait
