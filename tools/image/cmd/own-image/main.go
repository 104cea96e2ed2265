// Command own-image makes the project's image, without docker:
//
//	own-image FOLDER ARCHITECTURE NAME VERSION ARCHIVE
//
// FOLDER has the programs, built for linux/ARCHITECTURE; NAME is the image's, with
// its tag; VERSION is what its label says, or empty; ARCHIVE is the file to write,
// an OCI archive.
package main

import (
	"fmt"
	"os"

	"github.com/sidecar-injector/sidecar-injector/tools/image"
)

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: own-image FOLDER ARCHITECTURE NAME VERSION ARCHIVE")
		os.Exit(2)
	}
	own := image.Own(os.Args[1], os.Args[2], os.Args[3], image.Build{Version: os.Args[4]})
	if err := image.Write(os.Args[5], own); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Println(os.Args[5])
}
