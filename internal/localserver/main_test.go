package localserver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.temporal.io/sdk/client"
)

// holdVariable makes the test binary a program that starts a server in the folder that it
// names, says so, and waits to be killed.
const holdVariable = "LONGHAUL_TEST_HOLD_SERVER"

func TestMain(m *testing.M) {
	if built, err := filepath.Abs("../../bin/temporal"); err == nil && os.Getenv(cliVariable) == "" {
		if _, err := os.Stat(built); err == nil {
			os.Setenv(cliVariable, built)
		}
	}
	if dir := os.Getenv(holdVariable); dir != "" {
		hold(dir)
	}
	if _, err := FindCLI(); err != nil {
		fmt.Println("localserver: tests on a real server are skipped:", err)
	}
	os.Exit(m.Run())
}

func hold(dir string) {
	s, err := Start(context.Background(), dir, client.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.Address())
	select {}
}
