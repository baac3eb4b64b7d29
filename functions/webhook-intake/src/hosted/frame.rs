//! What all hosted pages are made of: a frame with the tenant's name, readable without style, in light and dark.

use crate::pages::{STYLE, escape};

/// What these pages need beyond the style of all.
const MORE: &str = "fieldset{border:1px solid #8886;border-radius:8px;margin:1rem 0;padding:.5rem 1rem}legend{font-weight:600;\
padding:0 .3rem}input:not([type=checkbox]){font:inherit;padding:.4rem .6rem;border-radius:8px;border:1px solid #8886;\
background:transparent;color:inherit;max-width:100%}.wrong{padding:.6rem 1rem;border-radius:8px;\
background:light-dark(#fde8e8,#4a1f1f)}.trap{position:absolute;left:-9999px}select{font:inherit;padding:.4rem .6rem;\
border-radius:8px}:focus-visible{outline:3px solid #1a56db;outline-offset:2px}";

/// A page of a tenant in a language. `inner` is markup; the texts are not.
pub(super) fn frame(language: &str, tenant: &str, title: &str, inner: &str) -> String {
    let (tenant, title) = (escape(tenant), escape(title));
    format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title} – {tenant}</title><style>{STYLE}{MORE}</style></head><body><main>\
         <p>{tenant}</p><h1>{title}</h1>{inner}</main></body></html>"
    )
}

/// A sentence that tells how it went. The text is not markup.
pub(super) fn told(well: bool, words: &str) -> String {
    let (class, role) = if well { ("saved", "status") } else { ("wrong", "alert") };
    format!("<p class=\"{class}\" role=\"{role}\">{}</p>", escape(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_tenant_writes_becomes_markup() {
        let page = frame("en", "<script>x</script>", "<b>Title</b>", &told(false, "<i>no</i>"));
        for markup in ["<script>", "<b>", "<i>"] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert!(page.contains("role=\"alert\"") && page.starts_with("<!doctype html><html lang=\"en\">"));
    }
}
