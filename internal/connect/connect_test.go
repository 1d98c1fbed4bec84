package connect

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
)

var silent = slog.New(slog.NewTextHandler(io.Discard, nil))

func TestFlagsOverrideTheEnvironment(t *testing.T) {
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(t.TempDir(), "none.toml"))
	unsetAddress(t)
	settings, err := Load(Flags{}, silent)
	require.NoError(t, err)
	require.False(t, settings.Named, "nothing names a server")

	t.Setenv("TEMPORAL_ADDRESS", "from-env:7233")
	t.Setenv("TEMPORAL_NAMESPACE", "ns-env")
	settings, err = Load(Flags{}, silent)
	require.NoError(t, err)
	require.True(t, settings.Named)
	require.Equal(t, "from-env:7233", settings.Options.HostPort)
	require.Equal(t, "ns-env", settings.Options.Namespace)

	settings, err = Load(Flags{Address: "from-flag:7233"}, silent)
	require.NoError(t, err)
	require.Equal(t, "from-flag:7233", settings.Options.HostPort)
	require.Equal(t, "ns-env", settings.Options.Namespace)
	require.Nil(t, settings.Options.ConnectionOptions.TLS)

	settings, err = Load(Flags{APIKey: "key"}, silent)
	require.NoError(t, err)
	require.NotNil(t, settings.Options.ConnectionOptions.TLS, "an API key goes over TLS only")
}

// unsetAddress lets no test see the tester's own server.
func unsetAddress(t *testing.T) {
	t.Helper()
	t.Setenv("TEMPORAL_ADDRESS", "")
	require.NoError(t, os.Unsetenv("TEMPORAL_ADDRESS"))
}

func TestAProfileNamesAServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte("[profile.prod]\naddress = \"prod:7233\"\n"), 0o600))
	t.Setenv("TEMPORAL_CONFIG_FILE", file)
	unsetAddress(t)
	settings, err := Load(Flags{Profile: "prod"}, silent)
	require.NoError(t, err)
	require.True(t, settings.Named)
	require.Equal(t, "prod:7233", settings.Options.HostPort)
	_, err = Load(Flags{Profile: "none"}, silent)
	require.ErrorContains(t, err, "connection settings cannot be read")
}

func TestWhereTheCLIIs(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "temporal")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755))
	t.Setenv("TEMPORAL_CLI", program)
	found, err := FindCLI()
	require.NoError(t, err)
	require.Equal(t, program, found)

	t.Setenv("TEMPORAL_CLI", "")
	t.Setenv("PATH", dir)
	found, err = FindCLI()
	require.NoError(t, err)
	require.Equal(t, program, found)

	t.Setenv("PATH", t.TempDir())
	t.Chdir(t.TempDir())
	_, err = FindCLI()
	require.ErrorContains(t, err, "make bin/temporal")
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
	require.NoError(t, os.WriteFile(filepath.Join(dir, addressFile),
		[]byte(`{"address":"127.0.0.1:`+free+`","ui":"http://127.0.0.1:`+takenPort+`"}`), 0o644))
	port, uiPort, err := choosePorts(t.Context(), dir)
	require.NoError(t, err)
	require.Equal(t, free, port)
	require.NotEqual(t, takenPort, uiPort)
}

func TestADeadServerIsNotFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings, err := Load(Flags{}, silent)
	require.NoError(t, err)
	find := func() *LocalServer {
		found, err := FindLocal(t.Context(), dir, settings.Options)
		require.NoError(t, err)
		return found
	}
	require.Nil(t, find())
	require.NoError(t, os.WriteFile(filepath.Join(dir, addressFile), []byte(`{"address":"127.0.0.1:1"}`), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, pidFile), []byte(strconv.Itoa(os.Getpid())), 0o644), "a process, but not the server")
	require.Nil(t, find())
	require.NoError(t, os.WriteFile(filepath.Join(dir, addressFile), []byte(`{"addr`), 0o644))
	require.Nil(t, find(), "damaged, but nobody is there")
}

// The lock of server.pid is what keeps two servers from one database.
func TestNoServerIsStartedBesideALivingOne(t *testing.T) {
	t.Parallel()
	s := newLocal(t.TempDir(), client.Options{}, nil)
	held, err := s.lockPID(t.Context())
	require.NoError(t, err)
	require.True(t, s.alive())
	ctx, cancel := context.WithTimeout(t.Context(), 3*pollInterval)
	defer cancel()
	_, err = s.lockPID(ctx)
	require.ErrorContains(t, err, "a server runs already")
	require.NoError(t, held.Close())
	require.False(t, s.alive())
}

// A server that ends at once is started again on other ports, and not waited for.
func TestAServerThatEndsAtOnceIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	cli := filepath.Join(dir, "temporal")
	require.NoError(t, os.WriteFile(cli, []byte("#!/bin/sh\necho \"$@\" >> "+dir+"/tries\nexit 1\n"), 0o755))
	t.Setenv("TEMPORAL_CLI", cli)
	began := time.Now()
	_, err := StartLocal(t.Context(), dir, client.Options{})
	require.ErrorContains(t, err, "the local Temporal server did not start")
	require.Less(t, time.Since(began), 30*time.Second)
	tries, err := os.ReadFile(filepath.Join(dir, "tries"))
	require.NoError(t, err)
	require.Equal(t, maxTries+1, strings.Count(string(tries), "start-dev"))
}
