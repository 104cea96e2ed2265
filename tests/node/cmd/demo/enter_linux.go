package main

import (
	"context"
	"os"

	"github.com/sidecar-injector/sidecar-injector/tests/node"
)

// enter runs the demo: in namespaces of its own, where a node can be had.
func enter(ctx context.Context, d *demo) (code int, err error) {
	if d.missing = node.Missing(); d.missing != "" {
		return 0, d.run(ctx)
	}
	if node.Inside() {
		if d.outside, err = node.Setup(); err != nil {
			return 1, err
		}
		return 0, d.run(ctx)
	}
	if _, err := node.Prepare(ctx, os.Stderr); err != nil {
		return 1, interrupted(ctx, err)
	}
	return node.Enter()
}

// startNode starts the cluster with its node.
func (d *demo) startNode(ctx context.Context) error {
	n, err := node.Start(ctx, node.Options{Progress: os.Stderr, Phase: d.step})
	if err == nil {
		d.c = n.Cluster
	}
	return err
}
