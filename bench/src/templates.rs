//! Templates beside raw minijinja, compiled and rendered in the same run: what all the bounds cost.

use std::collections::BTreeMap;

use render::{Compiled, Limits, Source, Strictness};
use serde_json::{Value, json};

use crate::Fallible;
use crate::watch::{rounded, time};

/// A page with a loop, conditions and filters, of the size of a usual mail.
const PAGE: &str = "<html><body><h1>Hello {{ contact.first_name }}</h1>{% if items %}<ul>{% for item in items %}\
    <li>{{ item.name|upper }}: {{ item.price }} {% if item.sale %}<b>on sale</b>{% endif %}</li>{% endfor %}</ul>{% endif %}\
    <p>{{ note|default('nothing more') }}</p><p><a href=\"https://example.com/{{ page }}\">See all</a></p></body></html>";
const ROUNDS: usize = 20_000;

pub(crate) fn measure() -> Fallible<Value> {
    let items: Vec<Value> =
        (0..8).map(|n| json!({ "name": format!("thing {n}"), "price": n * 10, "sale": n % 2 == 0 })).collect();
    let context = json!({ "contact": { "first_name": "Ada" }, "items": items, "page": "all" });
    // The text part is given, so that neither side derives one.
    let source = Source { html: Some(PAGE.to_owned()), text: Some("x".to_owned()), ..Source::default() };
    let (limits, layouts) = (Limits::default(), BTreeMap::new());
    let compile = time(ROUNDS / 10, || Compiled::new(&source, &layouts, &limits).is_ok());
    let compiled = Compiled::new(&source, &layouts, &limits).map_err(|faults| format!("{faults:?}"))?;
    let render = time(ROUNDS, || compiled.render(&context, Strictness::Send).is_ok());
    let raw_compile = time(ROUNDS / 10, || {
        let mut raw = minijinja::Environment::new();
        raw.add_template("page.html", PAGE).is_ok()
    });
    let mut raw = minijinja::Environment::new();
    raw.add_template("page.html", PAGE)?;
    let page = raw.get_template("page.html")?;
    let raw_render = time(ROUNDS, || page.render(minijinja::Value::from(minijinja::value::Serde(&context))).is_ok());
    Ok(json!({
        "compile_us": rounded(compile),
        "render_us": rounded(render),
        "raw_compile_us": rounded(raw_compile),
        "raw_render_us": rounded(raw_render),
        "render_ratio": rounded(render / raw_render),
    }))
}
