package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	list := flag.String("list", "internal/mutants/mutants.txt", "the mutants")
	match := flag.String("run", "", "only those whose names match")
	parallel := flag.Int("parallel", 2, "how many at once")
	seeds := flag.Int("seeds", 600, "how many seeds those that the simulation has to find get")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	left, err := mutate(ctx, *list, *match, *parallel, *seeds)
	stop()
	if err == nil && left > 0 {
		err = fmt.Errorf("%d mutants have survived, or could not be tried", left)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// mutate runs the mutants, and returns how many are left without a reason.
func mutate(ctx context.Context, name, match string, parallel, seeds int) (left int, err error) {
	pattern, err := regexp.Compile(match)
	if err != nil {
		return 0, err
	}
	file, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	mutants, err := read(file)
	_ = file.Close() // it was read only
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	outcomes := make(chan outcome)
	places := make(chan struct{}, parallel)
	var running sync.WaitGroup
	go func() {
		for _, m := range mutants {
			if !pattern.MatchString(m.name) || ctx.Err() != nil {
				continue
			}
			places <- struct{}{}
			running.Go(func() {
				outcomes <- run(ctx, m, []string{"-run", "TestSeeds", "-seeds", strconv.Itoa(seeds)})
				<-places
			})
		}
		running.Wait()
		close(outcomes)
	}()
	tried := 0
	for o := range outcomes {
		tried++
		if !o.print() {
			left++
		}
	}
	fmt.Printf("%d mutants, %d left\n", tried, left)
	return left, ctx.Err()
}

// print prints a line of the table. It returns false for one that is left.
func (o outcome) print() bool {
	took := o.took.Round(time.Second)
	switch {
	case o.err != nil:
		fmt.Printf("ERROR     %6s  %s: %s\n", took, o.name, o.err)
		return false
	case len(o.by) > 0:
		shown := o.by[:min(3, len(o.by))]
		fmt.Printf("killed    %6s  %s: %s (%d of %d)\n", took, o.name, strings.Join(shown, ", "), len(shown), len(o.by))
		return true
	case o.why != "":
		fmt.Printf("survived  %6s  %s, because %s\n", took, o.name, o.why)
		return true
	default:
		fmt.Printf("SURVIVED  %6s  %s\n", took, o.name)
		return false
	}
}
