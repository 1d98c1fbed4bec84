// Package report makes report.html: what a job did, in one page without scripts
// and without network.
//
// report.go puts the page together from the facts of a job (Facts), words.go
// says its sentences and figures, timeline.go tells active time from idle time,
// throughput.go and latency.go make the series. chart.go and throughput_chart.go
// draw them as SVG, page.html is the page.
package report
