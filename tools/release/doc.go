// Package release makes everything of a release in one folder, without a daemon, without root, and with no network but a
// Go module proxy. The same commit and version, by the same Go, make the same bytes.
//
//	source.go     the commit's files and its time, in a folder of their own
//	version.go    the version written into them: chart, images, install.yaml
//	goproxy.go    those files as a Go module, which go install takes
//	build.go      the programs, installed from that module, so that each knows its version
//	archive.go    an archive of each program
//	image.go      the image, for all platforms in one OCI archive
//	chart.go      the chart, as a package and as an OCI archive
//	sbom.go       what each program and the image consist of
//	krew.go       the manifest of the kubectl plug-in
//	changelog.go  the notes
//	sums.go       the checksums of all of these
//	publish.go    the image and the chart sent to a registry
package release
