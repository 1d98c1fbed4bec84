package report

import (
	"regexp"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"longhaul/job"
)

// maxCall bounds the call in the title.
const maxCall = 120

// verdict says how the job stands.
func verdict(facts Facts) string {
	done := humanize.Comma(facts.Done()) + " of " + humanize.Comma(facts.Records) + " records done"
	switch {
	case facts.State.Name == Stopped && facts.State.Why != "":
		return "Stopped (" + facts.State.Why + "): " + done
	case facts.State.Name == Stopped:
		return "Stopped: " + done
	case facts.State.Name == Running:
		return "Running: " + done
	case facts.Failed == 0:
		return "All " + humanize.Comma(facts.Records) + " records succeeded"
	default:
		return humanize.Comma(facts.Succeeded) + " of " + humanize.Comma(facts.Records) + " records succeeded"
	}
}

var (
	environment = regexp.MustCompile(`\{\{-?\s*env\s+["` + "`" + `]([^"` + "`" + `]+)["` + "`" + `].*?\}\}`)
	record      = regexp.MustCompile(`\{\{-?\s*\.\s*(?:\|.*?)?\}\}`)
	field       = regexp.MustCompile(`\{\{-?\s*(?:\.([^\s|}]+)|index \. "([^"]+)").*?\}\}`)
	action      = regexp.MustCompile(`\{\{.*?\}\}`)
)

// callOf is the call without a query and without what templates do to a field: a
// title, which must hold no secret.
func callOf(call job.CallSpec) string {
	text := call.String()
	if call.HTTP != nil {
		method, posts := call.HTTP.Method, !call.HTTP.Body.IsEmpty()
		switch {
		case method == "" && posts:
			method = "POST"
		case method == "":
			method = "GET"
		}
		url := environment.ReplaceAllString(call.HTTP.URL, "$$$1")
		url = record.ReplaceAllString(url, "{record}")
		url = action.ReplaceAllString(field.ReplaceAllString(url, "{$1$2}"), "{…}")
		if path, _, found := strings.Cut(url, "?"); found {
			url = path + "?…"
		}
		text = method + " " + url
	}
	return shorten(strings.Join(strings.Fields(text), " "), maxCall)
}

// card is one figure of the row at the top.
type card struct{ Name, Value, Note string }

func cards(facts Facts, t timeline, finished []job.ChunkTiming) []card {
	made := callsOf(facts)
	all := []card{
		{Name: "records", Value: humanize.Comma(facts.Records)},
		{Name: "succeeded", Value: humanize.Comma(facts.Succeeded), Note: job.PercentOf(facts.Succeeded, facts.Records)},
		{Name: "failed", Value: humanize.Comma(facts.Failed), Note: job.PercentOf(facts.Failed, facts.Records)},
		{Name: "calls", Value: humanize.Comma(made.Calls())},
	}
	if made.Throttled > 0 {
		all = append(all, card{"throttled", humanize.Comma(made.Throttled), job.PercentOf(made.Throttled, made.Calls()) + " of the calls"})
	}
	if made.Outage > 0 {
		all = append(all, card{"lost to outages", humanize.Comma(made.Outage), job.PercentOf(made.Outage, made.Calls()) + " of the calls"})
	}
	if t.active() <= 0 {
		return all
	}
	var stops []string
	if t.paused > 0 {
		stops = append(stops, "paused "+humanDuration(t.paused))
	}
	if t.idle > 0 {
		stops = append(stops, "idle "+humanDuration(t.idle))
	}
	records := int64(0)
	for _, chunk := range finished {
		records += chunk.Records
	}
	return append(all,
		card{"active", humanDuration(t.active()), strings.Join(stops, ", ")},
		card{"rate while active", rate(float64(records)/t.active().Seconds()) + "/s", ""},
	)
}

func rate(perSecond float64) string {
	if perSecond < 10 {
		return humanize.FtoaWithDigits(perSecond, 2)
	}
	return humanize.Comma(int64(perSecond + 0.5))
}

// row is a line of a small table.
type row struct{ Name, Value, Share string }

// callsOf counts all calls, those of records that were called again since too.
func callsOf(facts Facts) job.Totals {
	made := facts.Totals
	for _, earlier := range facts.Earlier {
		made = made.Add(earlier.Totals)
	}
	return made
}

// callRows are the calls by what came of them.
func callRows(facts Facts) []row {
	made := callsOf(facts)
	earlier := made.Attempts - facts.Attempts
	var rows []row
	for _, cause := range []struct {
		name  string
		calls int64
	}{
		{"first calls of a record", min(facts.Done(), facts.Attempts)},
		{"repeated after a failure, or after a crash", max(facts.Attempts-facts.Done(), 0)},
		{"of records that were called again since", earlier},
		{"refused for now (throttled)", made.Throttled},
		{"lost to an outage", made.Outage},
	} {
		if cause.calls > 0 {
			rows = append(rows, row{cause.name, humanize.Comma(cause.calls), job.PercentOf(cause.calls, made.Calls())})
		}
	}
	return rows
}

// timeRows are where the time went.
func timeRows(t timeline) []row {
	var rows []row
	whole := t.to.Sub(t.from)
	for _, part := range []struct {
		name   string
		length time.Duration
	}{{"active", t.active()}, {"paused", t.paused}, {"idle: no chunk began or ended", t.idle}} {
		if part.length > 0 {
			rows = append(rows, row{part.name, humanDuration(part.length), job.PercentOf(int64(part.length), int64(whole))})
		}
	}
	return rows
}
