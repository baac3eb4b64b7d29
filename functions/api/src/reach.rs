//! What a person or key is limited to, for descriptions: it is read and written by the domain itself.

use domain::Reach;
use kernel::ids::TemplateId;
use utoipa::ToSchema;

use crate::reply::words::ChannelWord;

/// What somebody is limited to when ordering messages and writing templates. A list that is not said limits nothing; an empty one leaves
/// nothing. All can be seen all the same.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reach)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct ReachShape {
    /// Messages by these channels alone.
    #[schema(value_type = Option<Vec<ChannelWord>>, nullable = false, max_items = 50)]
    channels: Option<Vec<String>>,
    /// Messages of these templates alone, and no content of one's own. Other templates are neither made nor changed.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 50)]
    templates: Option<Vec<TemplateId>>,
    /// Messages of these campaigns alone, and none that belongs to no campaign.
    #[schema(nullable = false, max_items = 50, example = json!(["spring-sale"]))]
    campaigns: Option<Vec<String>>,
}

/// The reach, if it is limited at all.
pub(crate) fn limited(reach: Reach) -> Option<Reach> {
    Some(reach).filter(|reach| !reach.is_unlimited())
}
