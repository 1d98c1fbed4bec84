package longhaul_test

import (
	"context"
	"log"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"longhaul"
	"longhaul/calls"
	"longhaul/job"
)

// A worker with a function of its own. A job calls it with
// {"call": {"func": {"name": "square"}}}.
func ExampleWorker() {
	square := func(_ context.Context, n int) (int, error) { return n * n, nil }

	longhaul.Worker(calls.Func("square", square))
}

// One line registers Longhaul in a worker that is there already.
func ExamplePlugin() {
	square := func(_ context.Context, n int) (int, error) { return n * n, nil }

	c, err := client.Dial(client.Options{})
	if err != nil {
		log.Fatalln(err)
	}
	w := worker.New(c, "orders", worker.Options{
		Plugins: []worker.Plugin{longhaul.Plugin(c, longhaul.PluginOptions{
			Root:      "/data",
			Functions: []calls.Function{calls.Func("square", square)},
		})},
	})
	w.RegisterWorkflow(func(workflow.Context) error { return nil }) // your own
	if err := w.Run(worker.InterruptCh()); err != nil {
		log.Fatalln(err)
	}
}

// A program of one's own starts a job, on the task queue of a worker that has the
// function, and waits for its end.
func Example() {
	c, err := client.Dial(client.Options{})
	if err != nil {
		log.Fatalln(err)
	}
	defer c.Close()

	spec := job.DefaultSpec()
	spec.Input.URI = "customers.jsonl"
	spec.Output.URI = "scores"
	call := job.DefaultFuncSpec()
	call.Name = "score"
	spec.Call.Func = &call

	ctx := context.Background()
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "nightly", TaskQueue: "orders"}, job.WorkflowType, spec)
	if err != nil {
		log.Println("the job cannot start:", err)
		return
	}
	var summary job.Summary
	if err := run.Get(ctx, &summary); err != nil {
		log.Println("the job has failed:", err)
		return
	}
	log.Printf("%d answers in %s, %d failed", summary.Succeeded, summary.Output, summary.Failed)
}
