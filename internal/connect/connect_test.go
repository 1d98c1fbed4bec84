package connect

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
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
