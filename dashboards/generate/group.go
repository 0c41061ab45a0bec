package main

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

func red(from float64) []dashboard.Threshold    { return []dashboard.Threshold{above(from, "red")} }
func orange(from float64) []dashboard.Threshold { return []dashboard.Threshold{above(from, "orange")} }

// The series of one group: `{…}`, and those of its topics.
const (
	one    = `{cluster="$cluster",consumergroup="$group"}`
	topics = `{cluster="$cluster",consumergroup="$group",topic=~"$topic"}`
)

// The status as a number: 0 OK, 1 WARN, 2 ERR.
const status = `max(kafka_consumergroup_status{cluster="$cluster",consumergroup="$group",status="warn"}) + 2 * max(kafka_consumergroup_status{cluster="$cluster",consumergroup="$group",status="err"})`

var statuses = named(map[string][2]string{"0": {"OK", "green"}, "1": {"WARN", "orange"}, "2": {"ERR", "red"}})

var group = board{
	uid:   "warrener-group",
	title: "Kafka groups: one group",
	help:  "One consumer group: how far it is behind, on which partitions and why, and which members own them.",
	variables: []variable{
		{"cluster", "Cluster", `label_values(warrener_up, cluster)`, false},
		{"group", "Group", `label_values(kafka_consumergroup_members{cluster="$cluster"}, consumergroup)`, false},
		{"topic", "Topic", `label_values(kafka_consumergroup_commits_total{cluster="$cluster",consumergroup="$group"}, topic)`, true},
	},
	sections: []section{
		{"Now", []panel{
			{kind: number, title: "Status", unit: "none", width: 4, height: 4, mappings: statuses,
				help:    "Status by Burrow's rules, that of the worst partition. ERR: the tables below show the partitions and their owners.",
				queries: []query{{status, ""}}},
			{kind: number, title: "Time lag", unit: "s", width: 4, height: 4,
				help:    "The age of the oldest record that is not committed, over the topics chosen. Compare it with what the group's users were promised.",
				queries: []query{{`max(kafka_consumergroup_lag_seconds_max` + topics + `)`, ""}}},
			{kind: number, title: "Lag", unit: "short", width: 4, height: 4,
				help:    "Records that are not committed. Judge it by the time lag, not by itself.",
				queries: []query{{`sum(max by (topic) (kafka_consumergroup_lag_sum` + topics + `))`, ""}}},
			{kind: number, title: "Time to catch up", unit: "s", width: 4, height: 4,
				help:    "Time until the group reaches the log end at the pace of the last 10 minutes; infinite while its lag does not shrink. If it is too long, add members, up to the number of partitions.",
				queries: []query{{catchUp("", topics), ""}}},
			{kind: number, title: "Members", unit: "none", width: 4, height: 4,
				help:    "Live members. 0 with a lag: the application does not run, or can't join.",
				queries: []query{{`max(kafka_consumergroup_members` + one + `)`, ""}}},
			{kind: number, title: "Unread share of retention", unit: "percentunit", width: 4, height: 4, thresholds: []dashboard.Threshold{above(0.8, "orange"), above(0.95, "red")},
				help:    "The largest unread share of the records that a partition retains. At 100%, retention deletes unread records: raise the topic's retention before that.",
				queries: []query{{`max(kafka_consumergroup_retention_used_ratio` + topics + `)`, ""}}},
		}},
		{"Over time", []panel{
			{kind: timeline, title: "Status", width: 12, height: 5, mappings: statuses,
				help:    "When the status changed. Look at what was deployed or failed at that time.",
				queries: []query{{status, "status"}}},
			{kind: timeline, title: "State", width: 12, height: 5, mappings: named(map[string][2]string{"0": {"no", "transparent"}, "1": {"yes", "blue"}}),
				help:    "The group's state according to the offsets topic. Empty: no members. A group that is often assigning or reconciling loses time to rebalances.",
				queries: []query{{`max by (state) (kafka_consumergroup_state` + one + `)`, "{{state}}"}}},
		}},
		{"Lag and time lag", []panel{
			{kind: lines, title: "Time lag by topic, and the limit", unit: "s", width: 12, height: 8,
				help: "The limit is shown if a [[metrics.limit]] matches the group. A time lag that rises by one second per second means that nothing is read.",
				queries: []query{{`max by (topic) (kafka_consumergroup_lag_seconds_max` + topics + `)`, "{{topic}}"},
					{`max(kafka_consumergroup_lag_limit_seconds` + one + `)`, "limit"}}},
			{kind: lines, title: "Lag by topic", unit: "short", width: 12, height: 8,
				help:    "Records not committed. A saw-tooth is a batch job; a steady rise needs more members or less work per record.",
				queries: []query{{`max by (topic) (kafka_consumergroup_lag_sum` + topics + `)`, "{{topic}}"}}},
			{kind: heat, title: "Time lag by partition", unit: "s", width: 12, height: 9,
				help:    "One dark row: that partition's owner is stuck, or one key gets most records. All rows dark: the group as a whole is too slow or stopped.",
				queries: []query{{`max by (topic, partition) (kafka_consumergroup_lag_seconds` + topics + `)`, "{{topic}} {{partition}}"}}},
			{kind: heat, title: "Lag by partition", unit: "short", width: 12, height: 9,
				help:    "The same in records. Rows that differ much show an uneven distribution of keys.",
				queries: []query{{`max by (topic, partition) (kafka_consumergroup_lag` + topics + `)`, "{{topic}} {{partition}}"}}},
			{kind: lines, title: "Partitions with the highest time lag", unit: "s", width: 12, height: 8,
				help:    "The table Owners shows which member owns the highest one.",
				queries: []query{{`topk(10, max by (topic, partition) (kafka_consumergroup_lag_seconds` + topics + `))`, "{{topic}} {{partition}}"}}},
			{kind: lines, title: "Partitions with the highest lag", unit: "short", width: 12, height: 8,
				help:    "The table Owners shows which member owns the highest one.",
				queries: []query{{`topk(10, max by (topic, partition) (kafka_consumergroup_lag` + topics + `))`, "{{topic}} {{partition}}"}}},
		}},
		{"Rates", []panel{
			{kind: lines, title: "Consumption and production rate", unit: "cps", width: 12, height: 8,
				help: "Records per second. While production is above consumption, the lag grows. Consumption below 0 is a rewind.",
				queries: []query{{`sum(max by (topic) (deriv(kafka_consumergroup_current_offset_sum` + topics + `[$__rate_interval])))`, "consumed"},
					{`sum(max by (topic) (deriv(kafka_consumergroup_current_offset_sum` + topics + `[$__rate_interval])) + max by (topic) (deriv(kafka_consumergroup_lag_sum` + topics + `[$__rate_interval])))`, "produced"}}},
			{kind: lines, title: "Time to catch up", unit: "s", width: 12, height: 8,
				help:    "By topic, at the pace of the last 10 minutes; no line while the lag does not shrink. If it grows, the group will not catch up without help.",
				queries: []query{{catchUp("by (topic) ", topics), "{{topic}}"}}},
			{kind: lines, title: "Commits", unit: "cps", width: 12, height: 8,
				help:    "Commits per second. None while there is lag: the group has stopped.",
				queries: []query{{`max by (topic) (rate(kafka_consumergroup_commits_total` + topics + `[$__rate_interval]))`, "{{topic}}"}}},
			{kind: lines, title: "Time since the last commit", unit: "s", width: 12, height: 8,
				help:    "A batch job shows a saw-tooth. Far above its usual height: the application hangs or is gone.",
				queries: []query{{`time() - max by (topic) (kafka_consumergroup_commit_timestamp_seconds` + topics + `)`, "{{topic}}"}}},
		}},
		{"Members and owners", []panel{
			{kind: lines, title: "Members", unit: "none", width: 8, height: 8,
				help:    "Members that come and go without a deployment exceed their timeouts: look at max.poll.interval.ms, session.timeout.ms and long pauses.",
				queries: []query{{`max(kafka_consumergroup_members` + one + `)`, "members"}}},
			{kind: lines, title: "Rebalances within 10 minutes", unit: "none", width: 8, height: 8,
				help:    "Generations that began. Each rebalance interrupts consumption for a moment; many point to a fault.",
				queries: []query{{`max(increase(kafka_consumergroup_generations_total` + one + `[10m]))`, "generations"}}},
			{kind: lines, title: "Partitions", unit: "none", width: 8, height: 8,
				help: "Partitions that are assigned to members, those of them without a commit, and those with a commit and an unknown lag. Without a commit for long: the member is stuck before its first commit.",
				queries: []query{{`sum(max by (topic) (kafka_consumergroup_assigned_partitions` + topics + `))`, "assigned"},
					{`sum(max by (topic) (kafka_consumergroup_uncommitted_partitions` + topics + `))`, "never committed"},
					{`sum(max by (topic) (kafka_consumergroup_partitions{cluster="$cluster",consumergroup="$group",topic=~"$topic",known="false"}))`, "lag unknown"}}},
			{kind: rows, title: "Owners", unit: "none", width: 16, height: 10, column: "owned",
				help:    "The member that owns each partition; look at its log. Needs owners = true in [metrics].",
				queries: []query{{`max by (topic, partition, client_id, client_host, member_id) (kafka_consumergroup_partition_owner_info` + topics + `)`, ""}}},
			{kind: rows, title: "Group type", unit: "none", width: 8, height: 5,
				help:    "Type and assignor. A group of type simple has no members: its application assigns partitions itself, as Flink does.",
				queries: []query{{`max by (type, protocol_type, protocol) (kafka_consumergroup_info` + one + `)`, ""}}},
			{kind: number, title: "Full windows", unit: "percentunit", width: 8, height: 5,
				help:    "The share of the partitions with a commit whose window of commits is full. While it is low, for example after a restart of warrener, the status is not reliable yet.",
				queries: []query{{`min(kafka_consumergroup_complete_ratio` + one + `)`, ""}}},
		}},
		{"Problems", []panel{
			{kind: rows, title: "Partitions not OK", unit: "none", width: 12, height: 8,
				help:    "stop: no more commits. stall: commits of the same offset. rewind: commits of lower offsets. warn: the lag never shrinks. Look at the owner of the partition. None is good.",
				queries: []query{{`max by (topic, partition, status) (kafka_consumergroup_partition_status` + topics + `)`, ""}}},
			{kind: lines, title: "Purged records", unit: "short", width: 12, height: 8,
				help:    "Records that retention deleted before the group read them; they are lost to the group. Raise the topic's retention at once. No line is good.",
				queries: []query{{`max by (topic, partition) (kafka_consumergroup_purged_records` + topics + `)`, "{{topic}} {{partition}}"}}},
		}},
	},
}

// Infinite while the lag does not shrink, 0 with no lag.
func catchUp(by, of string) string {
	lag := `sum ` + by + `(max by (topic) (kafka_consumergroup_lag_sum` + of + `))`
	gain := `sum ` + by + `(max by (topic) (deriv(kafka_consumergroup_lag_sum` + of + `[10m])))`
	return `(` + lag + ` > 0) / clamp_min(-` + gain + `, 0) or ` + lag + ` == 0`
}
