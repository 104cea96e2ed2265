//go:build linux

package kernel

import (
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// elementsPerMessage bounds one netlink message: the list of elements is an attribute, whose length has 16 bits, and an
// interval of IPv6 addresses takes about 100 bytes.
const elementsPerMessage = 500

// Apply makes the table what ruleset says, in one transaction: other processes see the rules of before or those of
// ruleset, and after an error it is those of before. A ruleset without chains takes the table away.
func Apply(ruleset rules.Ruleset) error {
	connection, err := nftables.New()
	if err != nil {
		return explain("open netlink", err, ruleset)
	}
	table := connection.AddTable(newTable())
	// Deleting what is not there is an error, adding what is there is none.
	connection.DelTable(table)
	if len(ruleset.Chains) > 0 {
		if err := add(connection, ruleset); err != nil {
			return err
		}
	}
	if err := connection.Flush(); err != nil {
		return explain("apply rules", err, ruleset)
	}
	return nil
}

// Available returns an error, which says what to do, if this process cannot change nftables.
func Available() error {
	connection, err := nftables.New()
	if err == nil {
		_, err = connection.ListTablesOfFamily(nftables.TableFamilyINet)
	}
	if err != nil {
		return explain("open nftables", err, rules.Ruleset{})
	}
	return nil
}

func newTable() *nftables.Table {
	return &nftables.Table{Name: rules.Table, Family: nftables.TableFamilyINet}
}

// add puts the whole ruleset into the connection's batch: sets and chains first, since rules refer to them.
func add(connection *nftables.Conn, ruleset rules.Ruleset) error {
	table := connection.AddTable(newTable())
	for _, set := range ruleset.Sets {
		if err := addSet(connection, table, set); err != nil {
			return fmt.Errorf("encode set %q: %w", set.Name, err)
		}
	}
	for _, chain := range ruleset.Chains {
		connection.AddChain(newChain(table, chain))
	}
	for _, chain := range ruleset.Chains {
		for _, rule := range chain.Rules {
			expressions, err := encode(rule)
			if err != nil {
				return err
			}
			connection.AddRule(&nftables.Rule{Table: table, Chain: &nftables.Chain{Name: chain.Name}, Exprs: expressions})
		}
	}
	return nil
}

// types has the set types.
var types = map[rules.Type]nftables.SetDatatype{
	rules.Port:      nftables.TypeInetService,
	rules.Address4:  nftables.TypeIPAddr,
	rules.Address6:  nftables.TypeIP6Addr,
	rules.Interface: nftables.TypeIFName,
	rules.User:      nftables.TypeUID,
	rules.Group:     nftables.TypeGID,
}

func addSet(connection *nftables.Conn, table *nftables.Table, set rules.Set) error {
	keyType, ok := types[set.Type]
	if !ok {
		return fmt.Errorf("no set has the type %q", set.Type)
	}
	kernelSet := &nftables.Set{
		Table: table, Name: set.Name, KeyType: keyType, Interval: set.Type.Interval(),
		KeyByteOrder: binaryutil.NativeEndian, // a hint for programs that list the set
	}
	switch set.Type {
	case rules.Port, rules.Address4, rules.Address6:
		kernelSet.KeyByteOrder = binaryutil.BigEndian
	}
	if err := connection.AddSet(kernelSet, nil); err != nil {
		return err
	}
	for chunk := range slices.Chunk(set.Elements, elementsPerMessage) {
		var elements []nftables.SetElement
		for _, element := range chunk {
			elements = append(elements, nftables.SetElement{Key: element.From})
			if end, ok := after(element.To); ok {
				elements = append(elements, nftables.SetElement{Key: end, IntervalEnd: true})
			}
		}
		if err := connection.SetAddElements(kernelSet, elements); err != nil {
			return err
		}
	}
	return nil
}

// after returns the value after the last one of an interval, by which the kernel marks its end. There is none for a
// single key, nor where the interval reaches to the highest value.
func after(last rules.Value) (rules.Value, bool) {
	next := slices.Clone(last)
	for i := len(next) - 1; i >= 0; i-- {
		next[i]++
		if next[i] != 0 {
			return next, true
		}
	}
	return nil, false
}

// points has the hooks.
var points = map[rules.Point]*nftables.ChainHook{
	rules.Prerouting: nftables.ChainHookPrerouting,
	rules.Output:     nftables.ChainHookOutput,
}

func newChain(table *nftables.Table, chain rules.Chain) *nftables.Chain {
	result := &nftables.Chain{Table: table, Name: chain.Name}
	if chain.Hook != nil {
		result.Type = nftables.ChainType(chain.Hook.Type)
		result.Hooknum = points[chain.Hook.Point]
		result.Priority = nftables.ChainPriorityRef(nftables.ChainPriority(chain.Hook.Priority))
	}
	return result
}
