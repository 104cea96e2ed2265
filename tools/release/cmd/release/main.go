// Command release makes and publishes releases of the repository that it stands in. The Makefile has the flags.
//
//	release make -version v1.2.3 [-out FOLDER] [-platforms linux/amd64,…] [-- FLAGS of go install]
//	release prepare -version v1.2.3
//	release publish [-out FOLDER] [-registry mirror.example]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/sidecar-injector/sidecar-injector/tools/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	repository := flags.String("repository", ".", "`folder` of the clone")
	version := flags.String("version", "", "the release's version, such as v1.2.3")
	out := flags.String("out", "dist", "`folder` of the release")
	platforms := flags.String("platforms", "", "what to build for, such as linux/amd64,darwin/arm64; empty: all")
	registry := flags.String("registry", "", "`registry` to publish to; empty: the images' own")
	if len(args) == 0 {
		return fmt.Errorf("want one of make, prepare, publish")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "make":
		var names []string
		if *platforms != "" {
			names = strings.Split(*platforms, ",")
		}
		return release.Make(ctx, release.Options{
			Repository: *repository, Version: *version, Platforms: names, Out: *out, BuildFlags: flags.Args(), Progress: os.Stderr,
		})
	case "prepare":
		changed, err := release.Prepare(ctx, *repository, *version, time.Now())
		for _, name := range changed {
			fmt.Println(name)
		}
		return err
	case "publish":
		return release.Publish(ctx, *out, *registry, os.Stdout)
	}
	return fmt.Errorf("unknown command %q: want one of make, prepare, publish", args[0])
}
