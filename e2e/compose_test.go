package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// There is no Docker engine where the tests run: the file is checked by parsing.
func TestComposeFile(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../docker-compose.yml")
	require.NoError(t, err)
	var compose struct {
		Services map[string]struct {
			Image     string
			DependsOn map[string]struct{ Condition string } `json:"depends_on"`
			Volumes   []string
		}
		Volumes map[string]any
	}
	require.NoError(t, yaml.Unmarshal(data, &compose))
	require.Subset(t, keys(compose.Services), []string{"postgresql", "temporal", "ui", "worker"})
	for name, service := range compose.Services {
		_, tag, pinned := strings.Cut(service.Image, ":")
		require.True(t, pinned && tag != "latest", "%s: %s", name, service.Image)
		for other := range service.DependsOn {
			require.Contains(t, compose.Services, other)
		}
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if !strings.HasPrefix(source, ".") {
				require.Contains(t, compose.Volumes, source)
			}
		}
	}
	dockerfile, err := os.ReadFile("../Dockerfile")
	require.NoError(t, err)
	require.NotContains(t, string(dockerfile), ":latest")
}

func keys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	return names
}
