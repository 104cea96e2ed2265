// Package cluster is a command's connection to a cluster: the flags that kubectl has for it, and what they lead to.
//
//	Flags    which cluster, which namespace, which injector    flags.go
//	  → Cluster   clients, the injector, namespaces            cluster.go
//	    → objects  TYPE/NAME, -l, -A, as kubectl reads them    objects.go
package cluster
