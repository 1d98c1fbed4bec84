package session

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAVariableIsNotAllowedOrNotSet(t *testing.T) {
	t.Setenv("LONGHAUL_TEST_SET", "canary")
	look := AllowedEnv([]string{"LONGHAUL_TEST_SET", "LONGHAUL_TEST_UNSET"})
	value, err := look("LONGHAUL_TEST_SET")
	require.NoError(t, err)
	require.Equal(t, "canary", value)
	_, err = look("LONGHAUL_TEST_UNSET")
	require.ErrorContains(t, err, "the environment variable LONGHAUL_TEST_UNSET is allowed, but not set where the worker runs")
	require.NotContains(t, err.Error(), "--allow-env")
	_, err = look("HOME")
	require.ErrorContains(t, err, "the worker does not allow the environment variable HOME: start it with --allow-env HOME")
}
