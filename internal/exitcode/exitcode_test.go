package exitcode

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"longhaul/job"
)

func TestExitCodes(t *testing.T) {
	t.Parallel()
	require.Zero(t, Of(nil))
	require.Equal(t, 130, Of(ErrInterrupted))
	require.Equal(t, 2, Of(fmt.Errorf("run: %w", Usagef("no SPEC"))))
	require.Equal(t, 2, Of(job.Errorf(job.KindSpec, "rate", "is wrong")))
	require.Equal(t, 2, Of(errors.New(`unknown command "rum" for "longhaul"`)))
	require.Equal(t, 1, Of(ErrRefuted))
	require.Equal(t, 1, Of(errors.New("any")))
	require.Equal(t, 3, Of(OfSummary(job.Summary{Records: 10, Totals: job.Totals{Failed: 6}})))
	require.NoError(t, OfSummary(job.Summary{Records: 10, Totals: job.Totals{Failed: 5}}))
}

func TestTheUserIsToldOnce(t *testing.T) {
	t.Parallel()
	require.True(t, Told(errors.Join(nil, ErrMostFailed)))
	require.False(t, Told(Usagef("no SPEC")))
}
