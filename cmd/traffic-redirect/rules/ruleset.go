package rules

// Table is the name of the table, in the family inet, that holds everything. Nothing else is touched.
const Table = "traffic-redirect"

// Ruleset is the content of the table. The zero value is no table at all.
type Ruleset struct {
	Sets   []Set
	Chains []Chain
}

// Set is a named set of keys, or of intervals of them.
type Set struct {
	Name     string
	Type     Type
	Elements []Element // sorted, not overlapping, never empty
}

// Element is one key, or all keys from From to To inclusively where the set's type has intervals.
type Element struct {
	From, To Value // To is nil where the type has no intervals
}

// Chain is a list of rules. With a Hook it is a base chain, which the kernel enters itself.
type Chain struct {
	Name  string
	Hook  *Hook // nil: entered by jump and goto alone
	Rules []Rule
}

// Hook says where in a packet's way a base chain stands.
type Hook struct {
	Type     ChainType
	Point    Point
	Priority Priority
}

// ChainType is what a base chain may do.
type ChainType string

// The types of base chains.
const (
	Filter ChainType = "filter"
	NAT    ChainType = "nat"   // sees the first packet of a connection alone
	Route  ChainType = "route" // a changed mark routes the packet anew
)

// Point is the place of a hook.
type Point string

// The points used here: what comes in on an interface, and what a local process sends.
const (
	Prerouting Point = "prerouting"
	Output     Point = "output"
)

// Priority orders chains of one point among each other and the kernel's own work: connection tracking is at -200.
type Priority int32

// Priorities, with the values that nft has for the names raw, mangle and dstnat.
const (
	Raw     Priority = -300
	Mangle  Priority = -150
	Probes  Priority = -101 // before the capture rules of REDIRECT
	DestNAT Priority = -100
)

// Rule does its actions, in order, for packets that all matches hold for.
type Rule struct {
	Matches []Match
	Actions []Action
}

// Match compares one property of a packet with one value or with a set. Exactly one of Value and Set is given.
type Match struct {
	Key   Key
	Not   bool
	Value Value
	Set   string
}

// Action is what a rule does: a verdict, or a change of the packet.
type Action struct {
	Verb   Verb
	Number uint32 // port, mark or zone
	Chain  string // of Jump and Goto
}

// Verb is the kind of an action.
type Verb string

// The verbs.
const (
	Accept   Verb = "accept"
	Drop     Verb = "drop"
	Return   Verb = "return"
	Jump     Verb = "jump"
	Goto     Verb = "goto"
	Redirect Verb = "redirect" // to a port of this host
	DNAT     Verb = "dnat"     // to a port of the same address
	TProxy   Verb = "tproxy"   // hand the packet to a listener without changing it; ends the rule if none listens
	SetMark  Verb = "set mark"
	SaveMark Verb = "save mark" // the packet's mark becomes the connection's
	SetZone  Verb = "set zone"  // of connection tracking
)
