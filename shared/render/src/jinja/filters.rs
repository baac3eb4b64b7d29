//! The filters, tests and functions that templates may use: those of the engine, each behind a check
//! of what it is about to read and build.
//!
//! Invariant: a filter that is not listed here does not exist. `debug` and `pprint` are left out: they
//! show the engine's insides.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use minijinja::functions::{self, Function};
use minijinja::value::{FunctionArgs, FunctionResult, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters, tests};

use super::checks::{
    attr, each, finish, format, indent, items, join, lines, pairs, parts, read_all, read_text, replace, sorted, split, sum,
    tojson, trim,
};
use super::guards;

/// Checks the arguments of a filter before it runs.
type Check = fn(&[Value]) -> Result<(), Error>;

/// Names of what [`install`] installs; the guards, which authors cannot call, are not among them.
static KNOWN: LazyLock<(BTreeSet<&'static str>, BTreeSet<&'static str>)> = LazyLock::new(|| {
    let mut room = Room::default();
    room.filters();
    room.tests();
    (room.filters, room.tests)
});

pub(super) fn is_filter(name: &str) -> bool {
    KNOWN.0.contains(name)
}

pub(super) fn is_test(name: &str) -> bool {
    KNOWN.1.contains(name)
}

/// Adds everything that templates may use, and the guards.
pub(super) fn install() -> Environment<'static> {
    let mut room = Room::default();
    room.filters();
    room.tests();
    let mut env = room.env;
    env.add_function("range", guards::range);
    env.add_function("namespace", functions::namespace);
    guarded(&mut env, functions::dict, read_all, |env, f| {
        env.add_function("dict", f);
    });
    env.add_filter("__base", guards::base);
    env.add_filter("__cost", guards::cost);
    env.add_filter("__keep", guards::keep);
    env.add_filter("__field", guards::field);
    env.add_filter("__text", guards::text);
    env.add_filter("__join", guards::join);
    env.add_filter("__times", guards::times);
    env.add_filter("__slice", guards::slice);
    env.set_unknown_method_callback(method);
    env
}

#[derive(Default)]
struct Room {
    env: Environment<'static>,
    filters: BTreeSet<&'static str>,
    tests: BTreeSet<&'static str>,
}

impl Room {
    /// A filter that looks at one value only, whatever its size.
    fn quick<F, Rv, Args>(&mut self, names: &[&'static str], filter: F)
    where
        F: Function<Rv, Args> + Clone,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        for name in names {
            self.env.add_filter(*name, filter.clone());
            self.filters.insert(name);
        }
    }

    /// A filter with plain arguments.
    fn plain<F, Rv, Args>(&mut self, names: &[&'static str], filter: F, check: Check)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        let filter = Value::from_function(filter);
        for name in names {
            let filter = filter.clone();
            let run = move |state: &mut State, args: &[Value]| {
                check(args)?;
                finish(filter.call(state, args)?)
            };
            self.env.add_filter(*name, run);
            self.filters.insert(name);
        }
    }

    /// A filter that also takes named arguments.
    fn named<F, Rv, Args>(&mut self, name: &'static str, filter: F, check: Check)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        guarded(&mut self.env, filter, check, |env, f| {
            env.add_filter(name, f);
        });
        self.filters.insert(name);
    }

    fn filters(&mut self) {
        self.quick(&["default", "d"], filters::default);
        self.quick(&["first"], filters::first);
        self.quick(&["abs"], filters::abs);
        self.quick(&["int"], filters::int);
        self.quick(&["float"], filters::float);
        self.quick(&["round"], filters::round);
        self.quick(&["bool"], filters::bool);

        self.plain(&["length", "count"], filters::length, read_text);
        self.plain(&["attr"], filters::attr, attr);
        self.plain(&["safe"], filters::safe, read_all);
        self.plain(&["escape", "e"], filters::escape, read_all);
        self.plain(&["upper"], filters::upper, read_all);
        self.plain(&["lower"], filters::lower, read_all);
        self.plain(&["title"], filters::title, read_all);
        self.plain(&["capitalize"], filters::capitalize, read_all);
        self.plain(&["string"], filters::string, read_all);
        self.plain(&["urlencode"], filters::urlencode, read_all);
        self.plain(&["trim"], filters::trim, trim);
        self.plain(&["replace"], filters::replace, replace);
        self.plain(&["split"], filters::split, split);
        self.plain(&["lines"], filters::lines, lines);
        self.plain(&["list"], filters::list, items);
        self.plain(&["reverse"], filters::reverse, items);
        self.plain(&["last"], filters::last, items);
        self.plain(&["items"], filters::items, pairs);
        self.plain(&["zip"], filters::zip, pairs);
        self.plain(&["chain"], filters::chain, pairs);
        self.plain(&["batch"], filters::batch, parts);
        self.plain(&["slice"], filters::slice, parts);

        self.named("format", filters::format, format);
        self.named("join", filters::join, join);
        self.named("indent", filters::indent, indent);
        self.named("tojson", filters::tojson, tojson);
        self.named("sum", filters::sum, sum);
        self.named("min", filters::min, sorted);
        self.named("max", filters::max, sorted);
        self.named("sort", filters::sort, sorted);
        self.named("dictsort", filters::dictsort, sorted);
        self.named("unique", filters::unique, sorted);
        self.named("groupby", filters::groupby, sorted);
        self.named("map", filters::map, each);
        self.named("select", filters::select, each);
        self.named("reject", filters::reject, each);
        self.named("selectattr", filters::selectattr, each);
        self.named("rejectattr", filters::rejectattr, each);
    }

    fn test<F, Rv, Args>(&mut self, names: &[&'static str], test: F, check: Option<Check>)
    where
        F: Function<Rv, Args>,
        Rv: FunctionResult,
        Args: for<'a> FunctionArgs<'a>,
    {
        let test = Value::from_function(test);
        for name in names {
            let test = test.clone();
            let run = move |state: &mut State, args: &[Value]| {
                if let Some(check) = check {
                    check(args)?;
                }
                test.call(state, args)
            };
            self.env.add_test(*name, run);
            self.tests.insert(name);
        }
    }

    fn tests(&mut self) {
        self.test(&["defined"], tests::is_defined, None);
        self.test(&["undefined"], tests::is_undefined, None);
        self.test(&["none"], tests::is_none, None);
        self.test(&["safe", "escaped"], tests::is_safe, None);
        self.test(&["boolean"], tests::is_boolean, None);
        self.test(&["true"], tests::is_true, None);
        self.test(&["false"], tests::is_false, None);
        self.test(&["odd"], tests::is_odd, None);
        self.test(&["even"], tests::is_even, None);
        self.test(&["divisibleby"], tests::is_divisibleby, None);
        self.test(&["number"], tests::is_number, None);
        self.test(&["integer", "int"], tests::is_integer, None);
        self.test(&["float"], tests::is_float, None);
        self.test(&["string"], tests::is_string, None);
        self.test(&["sequence"], tests::is_sequence, None);
        self.test(&["iterable"], tests::is_iterable, None);
        self.test(&["mapping"], tests::is_mapping, None);

        let all = Some(read_all as Check);
        self.test(&["eq", "equalto"], tests::is_eq, all);
        self.test(&["ne"], tests::is_ne, all);
        self.test(&["lt", "lessthan"], tests::is_lt, all);
        self.test(&["le"], tests::is_le, all);
        self.test(&["gt", "greaterthan"], tests::is_gt, all);
        self.test(&["ge"], tests::is_ge, all);
        self.test(&["in"], tests::is_in, all);
        self.test(&["startingwith"], tests::is_startingwith, all);
        self.test(&["endingwith"], tests::is_endingwith, all);
        self.test(&["lower"], tests::is_lower, all);
        self.test(&["upper"], tests::is_upper, all);
        self.test(&["sameas"], tests::is_sameas, all);
    }
}

/// Puts `check` before a function that takes named arguments.
fn guarded<F, Rv, Args>(
    env: &mut Environment<'static>,
    function: F,
    check: Check,
    add: impl FnOnce(&mut Environment<'static>, Guarded),
) where
    F: Function<Rv, Args>,
    Rv: FunctionResult,
    Args: for<'a> FunctionArgs<'a>,
{
    let function = Value::from_function(function);
    add(
        env,
        Box::new(move |state, args| {
            let args = args.into_values();
            check(&args)?;
            finish(function.call(state, &args)?)
        }),
    );
}

type Guarded = Box<dyn Fn(&mut State<'_, '_>, Rest<ValueOrKwargs>) -> Result<Value, Error> + Send + Sync>;

/// The methods of Python that authors of Jinja templates expect on text and maps.
fn method(state: &mut State<'_, '_>, value: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let of_text = value.kind() == ValueKind::String;
    let of_map = value.kind() == ValueKind::Map;
    let filter = match name {
        "upper" | "lower" | "title" | "capitalize" | "replace" | "split" if of_text => name,
        "strip" if of_text => "trim",
        "items" if of_map => "items",
        "keys" if of_map => "list",
        "get" if of_map => {
            let key = args.first().cloned().unwrap_or_default();
            let found = value.get_item(&key)?;
            // Python answers None here, which would be written as "none".
            let default = args.get(1).cloned().unwrap_or_else(|| Value::from(""));
            return Ok(if found.is_undefined() { default } else { found });
        }
        "startswith" | "endswith" if of_text => {
            let test = if name == "startswith" { "startingwith" } else { "endingwith" };
            let args: Vec<Value> = std::iter::once(value).chain(args).cloned().collect();
            return state.perform_test(test, &args).map(Value::from);
        }
        "join" if of_text => {
            let list = args.first().cloned().unwrap_or_default();
            return state.apply_filter("join", &[list, value.clone()]);
        }
        _ => return Err(Error::from(ErrorKind::UnknownMethod)),
    };
    let args: Vec<Value> = std::iter::once(value).chain(args).cloned().collect();
    state.apply_filter(filter, &args)
}
