//go:build linux

package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/sidecar-injector/sidecar-injector/cmd/traffic-redirect/rules"
)

// Read returns the table as the kernel has it, with sets and chains sorted by name; without the table, an empty ruleset.
// A rule that the program never makes has one action, whose verb says what is unknown. remarks has one line for each
// thing that a ruleset cannot express and that makes its rules do something else.
func Read() (ruleset rules.Ruleset, remarks []string, err error) {
	connection, err := nftables.New()
	if err != nil {
		return rules.Ruleset{}, nil, explain("open netlink", err, rules.Ruleset{})
	}
	tables, err := connection.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return rules.Ruleset{}, nil, explain("list tables", err, rules.Ruleset{})
	}
	i := slices.IndexFunc(tables, func(table *nftables.Table) bool { return table.Name == rules.Table })
	if i < 0 {
		return rules.Ruleset{}, nil, nil
	}
	// The library takes the flags, which are in network byte order, for the host's.
	flags := binary.BigEndian.Uint32(binary.NativeEndian.AppendUint32(nil, tables[i].Flags))
	if flags&unix.NFT_TABLE_F_DORMANT != 0 {
		remarks = append(remarks, "table "+rules.Table+" is dormant")
	}
	if ruleset.Sets, err = readSets(connection, tables[i]); err != nil {
		return rules.Ruleset{}, nil, err
	}
	chains, err := connection.ListChainsOfTableFamily(nftables.TableFamilyINet)
	if err != nil {
		return rules.Ruleset{}, nil, fmt.Errorf("list chains: %w", err)
	}
	for _, chain := range chains {
		if chain.Table.Name != rules.Table {
			continue
		}
		if chain.Policy != nil && *chain.Policy == nftables.ChainPolicyDrop {
			remarks = append(remarks, "chain "+chain.Name+": policy drop")
		}
		read, err := readChain(chain)
		if err != nil {
			return rules.Ruleset{}, nil, err
		}
		ruleset.Chains = append(ruleset.Chains, read)
	}
	return ruleset, remarks, nil
}

func readSets(connection *nftables.Conn, table *nftables.Table) ([]rules.Set, error) {
	sets, err := connection.GetSets(table)
	if err != nil {
		return nil, fmt.Errorf("list sets: %w", err)
	}
	var result []rules.Set
	for _, set := range sets {
		elements, err := connection.GetSetElements(set)
		if err != nil {
			return nil, fmt.Errorf("list elements of set %q: %w", set.Name, err)
		}
		read := rules.Set{Name: set.Name, Type: rules.Type(set.KeyType.Name)}
		if read.Type.Interval() {
			read.Elements = intervals(elements, int(set.KeyType.Bytes))
		} else {
			for _, element := range elements {
				read.Elements = append(read.Elements, rules.Element{From: element.Key})
			}
		}
		result = append(result, read)
	}
	return result, nil
}

// intervals returns the elements of an interval set. The kernel has each as its first key, and, marked, the key after
// the last; that is left out at the highest key.
func intervals(elements []nftables.SetElement, length int) []rules.Element {
	slices.SortFunc(elements, func(a, b nftables.SetElement) int {
		if order := bytes.Compare(a.Key, b.Key); order != 0 {
			return order
		}
		// An interval ends before the next one starts.
		if a.IntervalEnd {
			return -1
		}
		return 1
	})
	var result []rules.Element
	for i, element := range elements {
		if element.IntervalEnd {
			continue
		}
		last := rules.Value(bytes.Repeat([]byte{0xff}, length))
		if i+1 < len(elements) && elements[i+1].IntervalEnd {
			last = before(elements[i+1].Key)
		}
		result = append(result, rules.Element{From: element.Key, To: last})
	}
	return result
}

// before returns the value before one that is not zero.
func before(value rules.Value) rules.Value {
	previous := slices.Clone(value)
	for i := len(previous) - 1; i >= 0; i-- {
		previous[i]--
		if previous[i] != 0xff {
			break
		}
	}
	return previous
}

func readChain(chain *nftables.Chain) (rules.Chain, error) {
	result := rules.Chain{Name: chain.Name}
	if chain.Hooknum != nil {
		result.Hook = &rules.Hook{Type: rules.ChainType(chain.Type), Point: pointOf(*chain.Hooknum)}
		if chain.Priority != nil {
			result.Hook.Priority = rules.Priority(*chain.Priority)
		}
	}
	request := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETRULE, unix.NLM_F_DUMP)
	request.AddData(&nl.Nfgenmsg{NfgenFamily: unix.NFPROTO_INET, Version: nl.NFNETLINK_V0})
	request.AddData(nl.NewRtAttr(unix.NFTA_RULE_TABLE, nl.ZeroTerminated(rules.Table)))
	request.AddData(nl.NewRtAttr(unix.NFTA_RULE_CHAIN, nl.ZeroTerminated(chain.Name)))
	messages, err := request.Execute(unix.NETLINK_NETFILTER, 0)
	if err != nil {
		return rules.Chain{}, fmt.Errorf("list rules of chain %q: %w", chain.Name, err)
	}
	for _, message := range messages {
		rule, err := readRule(message)
		if err != nil {
			rule = rules.Rule{Actions: []rules.Action{{Verb: rules.Verb(err.Error())}}}
		}
		result.Rules = append(result.Rules, rule)
	}
	return result, nil
}

// pointOf returns the hook's name, or its number for one that the program does not use.
func pointOf(hook nftables.ChainHook) rules.Point {
	for point, candidate := range points {
		if *candidate == hook {
			return point
		}
	}
	return rules.Point(fmt.Sprintf("%d", hook))
}

// readRule reads a rule from a netlink message without its header.
func readRule(message []byte) (rules.Rule, error) {
	if len(message) < nl.SizeofNfgenmsg {
		return rules.Rule{}, fmt.Errorf("message of %d bytes", len(message))
	}
	list, err := find(message[nl.SizeofNfgenmsg:], unix.NFTA_RULE_EXPRESSIONS)
	if err != nil {
		return rules.Rule{}, err
	}
	elements, err := nl.ParseRouteAttr(list)
	if err != nil {
		return rules.Rule{}, err
	}
	var expressions []expr.Any
	for _, element := range elements {
		name, err := find(element.Value, unix.NFTA_EXPR_NAME)
		if err != nil {
			return rules.Rule{}, err
		}
		data, err := find(element.Value, unix.NFTA_EXPR_DATA)
		if err != nil {
			return rules.Rule{}, err
		}
		expression, err := parse(string(bytes.TrimRight(name, "\x00")), data)
		if err != nil {
			return rules.Rule{}, err
		}
		expressions = append(expressions, expression)
	}
	return decode(expressions)
}

// find returns the value of the attribute of the type, or nothing.
func find(data []byte, kind uint16) ([]byte, error) {
	attributes, err := nl.ParseRouteAttr(data)
	for _, attribute := range attributes {
		if attribute.Attr.Type&typeMask == kind {
			return attribute.Value, nil
		}
	}
	return nil, err
}
