// Command own-image makes the project's image, the one of the Dockerfile, without
// docker:
//
//	own-image FOLDER ARCHITECTURE NAME ARCHIVE
//
// FOLDER has the programs, built for linux/ARCHITECTURE; NAME is the image's, with
// its tag; ARCHIVE is the file to write, an OCI archive.
package main

import (
	"fmt"
	"os"

	"github.com/sidecar-injector/sidecar-injector/tools/image"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: own-image FOLDER ARCHITECTURE NAME ARCHIVE")
		os.Exit(2)
	}
	if err := image.Write(os.Args[4], image.Own(os.Args[1], os.Args[2], os.Args[3])); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Println(os.Args[4])
}
