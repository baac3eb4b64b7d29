//! The operations of a resource, each named once: what `#[utoipa::path]` says of a handler is its route and its description.
//!
//! The two are apart, because a deployed function serves the committed `openapi.json` and never builds the description: a cold
//! start does not pay for it, and the linker leaves it out.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use utoipa::Path;
use utoipa::openapi::HttpMethod;

use crate::state::Api;

/// Adds `handler` to the routes, where its description `P` says that it is.
pub(crate) fn route<P: Path, H: Handler<T, Api>, T: 'static>(router: Router<Api>, handler: H) -> Router<Api> {
    let path = P::path();
    P::methods().into_iter().fold(router, |router, method| router.route(&path, on(filter(&method), handler.clone())))
}

const fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}

/// `operations!(list_things, make_thing)` stands at the end of a resource's file and makes its `routes` and its `Described`.
macro_rules! operations {
    ($($handler:ident),+ $(,)?) => {
        /// Adds the operations of this file to the routes.
        pub(crate) fn routes(router: axum::Router<crate::state::Api>) -> axum::Router<crate::state::Api> {
            $(let router = pastey::paste! { crate::operations::route::<[<__path_ $handler>], _, _>(router, $handler) };)+
            router
        }

        /// The description of the operations of this file.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($handler),+))]
        pub(crate) struct Described;
    };
}
pub(crate) use operations;
