//! Teams: users who work together.

use axum::extract::State;
use domain::Team;
use domain::flows::keep_team;
use domain::team::Member;
use kernel::ids::{TeamId, UserId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable, present, put};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged, Unfiltered};
use crate::reply::{Gone, Reply, refused};
use crate::state::Api;

/// Users who work together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamView {
    #[schema(value_type = String, example = "tea_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: TeamId,
    name: String,
    #[schema(value_type = Vec<TeamMember>)]
    members: Vec<Member>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

/// One of a team.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TeamMember)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct TeamMember {
    #[schema(value_type = String, example = "usr_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    user: UserId,
    /// Whether the person leads the team; false when not said.
    #[schema(required = false)]
    lead: bool,
}

impl From<Team> for TeamView {
    fn from(team: Team) -> Self {
        let Team { id, name, members, created_at, updated_at } = team;
        Self { id, name, members, created_at, updated_at }
    }
}

/// What a team is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTeam {
    #[schema(max_length = 200)]
    name: String,
    /// Users of the tenant, each once.
    #[serde(default)]
    #[schema(value_type = Vec<TeamMember>, max_items = 200)]
    members: Vec<Member>,
}

/// What changes of a team. What is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TeamChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200)]
    name: Option<String>,
    /// All members.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<TeamMember>, required = false, max_items = 200)]
    members: Option<Vec<Member>>,
}

/// Lists teams, newest first.
#[utoipa::path(get, path = "/v1/teams", tag = "teams", operation_id = "list_teams", security(("key" = [])),
    params(PageParams),
    responses((status = 200, description = "A page of teams.", body = List<TeamView>), refused::Listing))]
async fn list_teams(
    caller: Caller<may::Read>,
    Paged(page, Unfiltered {}): Paged<Unfiltered>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, "teams");
    let listing = page.listing(keys, &caller.scope, list)?;
    let mut found = caller.scope.list::<Team>(&listing, caller.context.clock.now(), |_| true).await?;
    keep_team::drop_gone(&caller.scope, found.rows.iter_mut().map(|team| &mut team.row)).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, list, found, |team| TeamView::from(team.row))))
}

/// Finds a team.
#[utoipa::path(get, path = "/v1/teams/{id}", tag = "teams", operation_id = "find_team", security(("key" = [])),
    params(("id" = String, Path, description = "The team's id.")),
    responses((status = 200, description = "The team.", body = TeamView, headers(("etag" = String))), refused::Finding))]
async fn find_team(caller: Caller<may::Read>, Id(id): Id<TeamId>) -> Result<Reply<TeamView>, Failure> {
    let mut team = caller.scope.find::<Team>(id).await?;
    keep_team::drop_gone(&caller.scope, [&mut team.row].into_iter()).await?;
    Ok(Reply::ok(team.row.into()).version(team.version))
}

/// Makes a team. A tenant has at most a hundred.
#[utoipa::path(post, path = "/v1/teams", tag = "teams", operation_id = "create_team", security(("key" = [])),
    params(Repeatable), request_body = NewTeam,
    responses((status = 201, description = "The new team.", body = TeamView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_team(
    State(api): State<Api>,
    caller: Caller<may::ManageUsers>,
    Input(body): Input<NewTeam>,
) -> Result<Reply<TeamView>, Failure> {
    let now = caller.context.clock.now();
    let id = TeamId::new(&caller.context.ids, &caller.context.clock);
    let mut team = Team { id, name: body.name, members: body.members, created_at: now, updated_at: now };
    keep_team::create(&caller.scope, now, &mut team).await?;
    api.0.catalog.look_again_at_people(&caller.scope);
    Ok(Reply::created(team.into(), &format!("/v1/teams/{id}")).version(1))
}

/// Changes a team.
#[utoipa::path(patch, path = "/v1/teams/{id}", tag = "teams", operation_id = "update_team", security(("key" = [])),
    params(("id" = String, Path, description = "The team's id."), IfMatch, Repeatable), request_body = TeamChange,
    responses((status = 200, description = "The changed team.", body = TeamView, headers(("etag" = String))), refused::Changing))]
async fn update_team(
    State(api): State<Api>,
    caller: Caller<may::ManageUsers>,
    Id(id): Id<TeamId>,
    if_match: IfMatch,
    Input(body): Input<TeamChange>,
) -> Result<Reply<TeamView>, Failure> {
    let mut team = caller.scope.find::<Team>(id).await?;
    if_match.check(team.version)?;
    let before = team.row.clone();
    put(&mut team.row.name, body.name);
    put(&mut team.row.members, body.members);
    team.row.updated_at = caller.context.clock.now();
    let version = keep_team::replace(&caller.scope, &before, &mut team).await?;
    api.0.catalog.look_again_at_people(&caller.scope);
    Ok(Reply::ok(team.row.into()).version(version))
}

/// Deletes a team. What was given to it stays where it is.
#[utoipa::path(delete, path = "/v1/teams/{id}", tag = "teams", operation_id = "delete_team", security(("key" = [])),
    params(("id" = String, Path, description = "The team's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_team(
    State(api): State<Api>,
    caller: Caller<may::ManageUsers>,
    Id(id): Id<TeamId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    let team = caller.scope.find::<Team>(id).await?;
    if_match.check(team.version)?;
    caller.scope.erase(&team).await?;
    api.0.catalog.look_again_at_people(&caller.scope);
    Ok(Gone)
}

operations!(list_teams, create_team, find_team, update_team, delete_team);
