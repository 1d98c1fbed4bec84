// Command childworkflow is a worker with a workflow of its own, as one would write it
// outside of Longhaul's repository. The workflow starts a Longhaul job as a child
// workflow and reads its summary; Longhaul is a plugin of the same worker:
//
//	go run .
//	temporal workflow start --task-queue scores --type Rescore --workflow-id monday --input 1000
package main

import (
	"log"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/worker"

	"longhaul"
	"longhaul/calls"
)

func main() {
	if err := run(); err != nil {
		log.Fatalln(err)
	}
}

func run() error {
	c, err := client.Dial(envconfig.MustLoadDefaultClientOptions())
	if err != nil {
		return err
	}
	defer c.Close()
	w := worker.New(c, "scores", worker.Options{
		Plugins: []worker.Plugin{longhaul.Plugin(c, longhaul.PluginOptions{
			Root: ".", Functions: []calls.Function{calls.Func("score", score)},
		})},
	})
	w.RegisterWorkflow(Rescore)
	w.RegisterActivity(Publish)
	return w.Run(worker.InterruptCh())
}
