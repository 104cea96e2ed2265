package templates

import (
	"fmt"
	"slices"
	"strings"
)

// Conditions are CEL expressions over a pod being created, object, for the matchConditions of a webhook configuration: what
// they let through, the API server asks the webhook about. They say what the trigger says, and fail for no pod.
type Conditions struct {
	// Asks: the pod says something of itself that is no refusal. NotOptedOut: it does not refuse. Silent: it says nothing.
	Asks, NotOptedOut, Silent string
}

// Conditions returns the expressions of pods that ask by a key.
func (t *Trigger) Conditions(key string) Conditions {
	no, places := t.refusals(), t.Places()
	unasked := slices.Concat(no, t.Ignore)
	c := Conditions{
		Asks:        "%[1]s && " + notOneOf(unasked),
		NotOptedOut: "!(%[1]s && " + oneOfThem(no) + ")",
		Silent:      "!(%[1]s)",
	}
	if len(t.Ignore) > 0 {
		c.Silent += " || " + oneOfThem(t.Ignore)
	}
	first, last := placed(places[0], key), placed(places[len(places)-1], key)
	c = Conditions{last(c.Asks), last(c.NotOptedOut), last(c.Silent)}
	if len(places) == 1 {
		return c
	}
	c.Asks = first("%[1]s ? "+notOneOf(unasked)) + " : " + c.Asks
	c.NotOptedOut = first("%[1]s ? "+notOneOf(no)) + " : " + c.NotOptedOut
	if len(t.Ignore) > 0 {
		c.Silent = first("%[1]s ? "+oneOfThem(t.Ignore)) + " : " + c.Silent
	} else {
		c.Silent = first("!(%[1]s)") + " && " + c.Silent
	}
	return c
}

// RevisionConditions are CEL expressions, as Conditions has them, over what a pod says of the injector that it wants.
type RevisionConditions struct {
	// None: it says nothing. Named: it names one of ours. NoneOrNamed: either.
	None, Named, NoneOrNamed string
}

// ConditionsOfRevision returns the expressions of pods that name one of several injectors by the label of that key, for an
// injector of those names.
func ConditionsOfRevision(key string, names []string) RevisionConditions {
	at := placed(PlaceLabel, key)
	return RevisionConditions{
		None: at("!(%[1]s)"), Named: at("%[1]s && " + oneOfThem(names)), NoneOrNamed: at("!(%[1]s) || " + oneOfThem(names)),
	}
}

// refusals are all values that refuse injection.
func (t *Trigger) refusals() []string {
	if t.Booleans {
		return []string{"0", "f", "F", "false", "FALSE", "False"}
	}
	_, no := t.words()
	return no
}

// placed returns what fills in a form, whose first argument is that there is a value and whose second is the value.
func placed(place Place, key string) func(form string) string {
	values := "object.metadata." + string(place) + "s"
	there := fmt.Sprintf("has(%[1]s) && '%[2]s' in %[1]s", values, key)
	value := fmt.Sprintf("%s['%s']", values, key)
	return func(form string) string {
		if strings.Contains(form, "%[2]s") {
			return fmt.Sprintf(form, there, value)
		}
		return fmt.Sprintf(form, there)
	}
}

func oneOfThem(words []string) string {
	if len(words) == 1 {
		return "%[2]s == '" + words[0] + "'"
	}
	return "%[2]s in ['" + strings.Join(words, "', '") + "']"
}

func notOneOf(words []string) string {
	if len(words) == 1 {
		return "%[2]s != '" + words[0] + "'"
	}
	return "!(%[2]s in ['" + strings.Join(words, "', '") + "'])"
}
