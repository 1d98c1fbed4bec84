package localserver

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

func TestTheCLIIsFound(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "temporal")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755))
	t.Setenv(cliVariable, program)
	found, err := FindCLI()
	require.NoError(t, err)
	require.Equal(t, program, found)

	t.Setenv(cliVariable, program+"x")
	_, err = FindCLI()
	require.Contains(t, hintOf(t, err), "unset it")

	t.Setenv(cliVariable, "")
	t.Setenv("PATH", dir)
	found, err = FindCLI()
	require.NoError(t, err)
	require.Equal(t, program, found)

	t.Setenv("PATH", t.TempDir())
	t.Chdir(t.TempDir())
	_, err = FindCLI()
	require.Contains(t, hintOf(t, err), "make bin/temporal")
	require.NoError(t, os.Mkdir("bin", 0o755))
	require.NoError(t, os.Rename(program, filepath.Join("bin", "temporal")))
	_, err = FindCLI()
	require.NoError(t, err, "in ./bin")
}

func TestPortsStayTheSameIfTheyAreFree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	taken, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	require.NoError(t, err)
	defer taken.Close()
	_, takenPort, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	free, err := freePort(t.Context(), "0")
	require.NoError(t, err)
	require.NoError(t, addressesAt(free, takenPort).write(dir))
	port, uiPort, err := choosePorts(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, free, port)
	require.NotEqual(t, takenPort, uiPort)
}

func TestADeadServerIsNotFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	find := func() *Server {
		found, err := Find(t.Context(), dir, client.Options{})
		require.NoError(t, err)
		return found
	}
	require.Nil(t, find())
	require.NoError(t, os.WriteFile(filepath.Join(dir, addressFile), []byte(`{"addr`), 0o644))
	require.Nil(t, find(), "damaged, but no process is there")
}

// A server that is just starting is no server to kill.
func TestAServerThatIsStarting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	held, err := lockPIDFile(t.Context(), dir)
	require.NoError(t, err)
	defer held.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*pollInterval)
	defer cancel()
	require.NoError(t, addressesAt("1", "1").write(dir))
	unlock, err := lockStarting(t.Context(), dir)
	require.NoError(t, err)
	_, err = Find(ctx, dir, client.Options{})
	require.ErrorContains(t, err, "is still being started or stopped")
	require.Equal(t, "give the command again in some seconds", hintOf(t, err))
	unlock()
	_, err = Find(ctx, dir, client.Options{})
	require.Contains(t, hintOf(t, err), "stop it with kill -9")
}
