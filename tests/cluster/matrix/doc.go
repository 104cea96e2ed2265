// Package matrix renders the chart with many sets of values, with Helm's own library.
//
//	Sets     the values, and what is wrong with those that are refused
//	Render   the objects of one set, or Helm's error
//
// Its tests lint every set and decode every object strictly into the types of its API; those of tests/cluster send them to an
// API server, in dry runs.
package matrix
