// Package report makes report.html: what a job did, in one page without scripts
// and without network.
//
// report.go turns the facts of a job (job.Facts) into rows and series, chart.go
// draws the series as SVG, page.html is the page.
package report
