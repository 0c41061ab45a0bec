// Members of groups by other clients than Kafka's own: `go run . BOOTSTRAP`. Each line of the input is an order,
// CLIENT ASSIGNOR GROUP TOPIC CLIENT_ID, and starts a member that reads the topic and commits what it has read. "ok" or
// what went wrong is the answer. All members leave their groups when the input ends.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A member runs until its context is done.
type member func(ctx context.Context)

func main() {
	ctx, leave := context.WithCancel(context.Background())
	var members sync.WaitGroup
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		started, err := start(os.Args[1], strings.Fields(orders.Text()))
		if err != nil {
			fmt.Println(err)
			continue
		}
		members.Go(func() { started(ctx) })
		fmt.Println("ok")
	}
	leave()
	members.Wait()
}

func start(bootstrap string, words []string) (member, error) {
	if len(words) != 5 {
		return nil, fmt.Errorf("expected five words, found %q", words)
	}
	client, assignor, group, topic, id := words[0], words[1], words[2], words[3], words[4]
	switch client {
	case "sarama":
		return startSarama(bootstrap, assignor, group, topic, id)
	case "franz-go":
		return startFranz(bootstrap, assignor, group, topic, id)
	default:
		return nil, fmt.Errorf("no client %q", client)
	}
}

type handler struct{}

func (handler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (handler) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		session.MarkMessage(message, "")
	}
	return nil
}

func startSarama(bootstrap, assignor, group, topic, id string) (member, error) {
	strategies := map[string]sarama.BalanceStrategy{
		"range":  sarama.NewBalanceStrategyRange(),
		"sticky": sarama.NewBalanceStrategySticky(),
	}
	strategy, known := strategies[assignor]
	if !known {
		return nil, fmt.Errorf("no assignor %q", assignor)
	}
	config := sarama.NewConfig()
	config.ClientID = id
	config.Version = sarama.V2_8_0_0
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy}
	if assignor == "range" {
		// The sticky one writes user data of its own.
		config.Consumer.Group.Member.UserData = []byte("user data of " + id)
	}
	consumer, err := sarama.NewConsumerGroup([]string{bootstrap}, group, config)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		for ctx.Err() == nil {
			if err := consumer.Consume(ctx, []string{topic}, handler{}); err != nil {
				fmt.Fprintln(os.Stderr, group, err)
			}
		}
		if err := consumer.Close(); err != nil {
			fmt.Fprintln(os.Stderr, group, err)
		}
	}, nil
}

func startFranz(bootstrap, assignor, group, topic, id string) (member, error) {
	balancers := map[string]kgo.GroupBalancer{
		"range":              kgo.RangeBalancer(),
		"cooperative-sticky": kgo.CooperativeStickyBalancer(),
	}
	balancer, known := balancers[assignor]
	if !known {
		return nil, fmt.Errorf("no assignor %q", assignor)
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap), kgo.ClientID(id), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.Balancers(balancer), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		for ctx.Err() == nil {
			client.PollFetches(ctx).EachError(func(topic string, partition int32, err error) {
				if ctx.Err() == nil {
					fmt.Fprintln(os.Stderr, group, topic, partition, err)
				}
			})
		}
		client.Close()
	}, nil
}
