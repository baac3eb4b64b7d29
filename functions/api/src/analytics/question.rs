//! What may be asked of numbers: a span, what to leave out, and what to tell apart.

use std::collections::{BTreeMap, HashMap};

use domain::statistic::{Dimension, Way, place};
use domain::{Category, Channel};
use kernel::ids::{AccountId, TeamId, TemplateId, UserId};
use kernel::{Error, Result, Time, Zone};
use serde::Deserialize;
use store::TenantScope;
use utoipa::{IntoParams, ToSchema};

use super::grain::{Calendar, Grain, Key};
use super::listed::{MADE, REACHED, listed};
use super::reading::{Values, read};
use super::span::{COARSE, FINE, Part, Span, ceiling};
use super::sums::Sums;
use super::work::unknown_team;
use crate::reply::words::ChannelWord;
use crate::sought::NONE;
use crate::state::Api;

/// What is asked. Filters and groups that are counted apart from each other cannot be joined: `channel`, `account` and `category` go
/// together, and so do `user` and `team`; `template` and `tag` stand alone. Any of them goes with groups of time.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Question {
    /// From the hour of this moment on; 30 days ago when not said.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Up to this moment, the hour it lies in included; now when not said. At most 93 days after `since` by the hour, and two years
    /// (731 days) otherwise, as far as there is not too much to tell apart.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Where days, weeks, months and hours of the week begin, as an IANA name; the tenant's zone when not said. An hour that a day
    /// begins within belongs to the day before.
    #[param(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
    /// One set of numbers for each.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// Messages of this channel only.
    #[param(value_type = Option<ChannelWord>)]
    channel: Option<Channel>,
    /// Messages carried by this account only. What was counted of an account, a template or a person stays when they are gone.
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// Messages of this category only.
    #[param(value_type = Option<String>)]
    category: Option<Category>,
    /// Messages made of this template only.
    #[param(value_type = Option<String>)]
    template: Option<TemplateId>,
    /// Messages with this tag only. The first five tags of a message are counted.
    tag: Option<String>,
    /// Messages sent by this person only.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Messages sent by those who are in this team now.
    #[param(value_type = Option<String>)]
    team: Option<TeamId>,
    /// `csv` answers with a table of the groups, as `Accept: text/csv` does.
    #[param(inline)]
    pub(super) format: Option<Format>,
}

/// What numbers are kept apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupBy {
    /// Hour.
    Hour,
    /// Day.
    Day,
    /// Week, from Monday on.
    Week,
    /// Month.
    Month,
    /// Hour of the week, from `mon-00` to `sun-23`.
    HourOfWeek,
    /// Template.
    Template,
    /// Account.
    Account,
    /// Channel.
    Channel,
    /// Tag: a message counts under each of its first five.
    Tag,
    /// Category.
    Category,
    /// Person who sent; null for what no person did.
    User,
    /// Team that the person who sent is in now: a message counts under each of them.
    Team,
}

/// What an answer is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    Json,
    Csv,
}

impl GroupBy {
    /// Where its groups are told apart; groups of time are anywhere.
    const fn dimension(self) -> Option<Dimension> {
        match self {
            Self::Hour | Self::Day | Self::Week | Self::Month | Self::HourOfWeek => None,
            Self::Account | Self::Channel | Self::Category => Some(Dimension::All),
            Self::Template => Some(Dimension::Template),
            Self::Tag => Some(Dimension::Tag),
            Self::User | Self::Team => Some(Dimension::User),
        }
    }

    const fn grain(self) -> Option<Grain> {
        match self {
            Self::Hour => Some(Grain::Part(Part::Hour)),
            Self::Day => Some(Grain::Part(Part::Day)),
            Self::Week => Some(Grain::Part(Part::Week)),
            Self::Month => Some(Grain::Part(Part::Month)),
            Self::HourOfWeek => Some(Grain::HourOfWeek),
            Self::Template | Self::Account | Self::Channel | Self::Tag | Self::Category | Self::User | Self::Team => None,
        }
    }
}

/// A question that can be answered.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) span: Span,
    pub(crate) zone: Zone,
    pub(crate) group_by: GroupBy,
    dimension: Dimension,
    values: Values,
    category: Option<Category>,
    account: Option<AccountId>,
    /// The one team that is asked for.
    team: Option<TeamId>,
    /// Who is in which team, where that is asked.
    teams: HashMap<UserId, Vec<TeamId>>,
    /// What rows are found by, apart from the span and the group.
    filters: Vec<(&'static str, String)>,
}

/// Groups with what their counters add up to.
pub(crate) type Groups = BTreeMap<Key, Sums>;

impl Question {
    /// A question about a span alone.
    pub(crate) fn over(since: Option<Time>, until: Option<Time>) -> Self {
        Self { since, until, ..Self::default() }
    }

    /// Checks the question, for a tenant; `usual` is what is told apart when nothing is said.
    pub(crate) async fn check(&self, api: &Api, scope: &TenantScope, usual: GroupBy) -> Result<Asked> {
        let group_by = self.group_by.unwrap_or(usual);
        let longest = if matches!(group_by, GroupBy::Hour) { FINE } else { COARSE };
        let span = Span::asked(self.since, self.until, api.0.context.clock.now(), longest)?;
        let dimension = self.dimension(group_by)?;
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None => api.0.catalog.tenant(scope).await?.zone.clone(),
        };
        let values = self.values(api, scope).await?;
        let teams = self.teams(api, scope, group_by).await?;
        let (category, account, team, filters) = (self.category.clone(), self.account, self.team, self.filters());
        Ok(Asked { span, zone, group_by, dimension, values, category, account, team, teams, filters })
    }

    /// The one dimension that filters and groups lie in.
    fn dimension(&self, group_by: GroupBy) -> Result<Dimension> {
        let filters = [
            ("channel", self.channel.is_some(), Dimension::All),
            ("account", self.account.is_some(), Dimension::All),
            ("category", self.category.is_some(), Dimension::All),
            ("template", self.template.is_some(), Dimension::Template),
            ("tag", self.tag.is_some(), Dimension::Tag),
            ("user", self.user.is_some(), Dimension::User),
            ("team", self.team.is_some(), Dimension::User),
        ];
        let mut found = group_by.dimension();
        for (name, given, dimension) in filters {
            match found {
                Some(other) if given && other != dimension => {
                    let text = format!("not counted together with {}", other.as_str());
                    return Err(Error::invalid(format!("?{name}"), "combination", text));
                }
                Some(_) => {}
                None => found = given.then_some(dimension),
            }
        }
        Ok(found.unwrap_or(Dimension::All))
    }

    /// The values that are asked for. What is gone was counted nevertheless, and what never was there was not.
    async fn values(&self, api: &Api, scope: &TenantScope) -> Result<Values> {
        if let Some(id) = self.template {
            return Ok(Values::One(place::template(Some(id))));
        }
        if let Some(id) = self.user {
            return Ok(Values::One(place::user(id)));
        }
        if let Some(tag) = &self.tag {
            return Ok(Values::One(place::tag(tag)));
        }
        let channel = match self.account {
            Some(id) if self.channel.is_none() => api.0.catalog.account(scope, id).await?.map(|account| account.channel),
            Some(_) | None => self.channel,
        };
        // The channel of an account that is gone is not known: it is looked for in all of them.
        Ok(channel.map_or(Values::Any, |channel| Values::Starting(Way::prefix(channel, self.account))))
    }

    /// Who is in which team, when teams are asked for: there are few, and the catalog knows them.
    async fn teams(&self, api: &Api, scope: &TenantScope, group_by: GroupBy) -> Result<HashMap<UserId, Vec<TeamId>>> {
        let mut teams: HashMap<UserId, Vec<TeamId>> = HashMap::new();
        if let Some(id) = self.team {
            let team = api.0.catalog.team(scope, id).await?.ok_or_else(unknown_team)?;
            teams.extend(team.members.iter().map(|member| (member.user, vec![id])));
        } else if group_by == GroupBy::Team {
            for team in api.0.catalog.teams(scope).await?.iter() {
                for member in &team.members {
                    teams.entry(member.user).or_default().push(team.id);
                }
            }
        }
        Ok(teams)
    }

    fn filters(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("channel", self.channel.map(|channel| channel.as_str().to_owned())),
            ("account", self.account.map(|id| id.to_string())),
            ("category", self.category.as_ref().map(ToString::to_string)),
            ("template", self.template.map(|id| id.to_string())),
            ("tag", self.tag.clone()),
            ("user", self.user.map(|id| id.to_string())),
            ("team", self.team.map(|id| id.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl Asked {
    /// What was counted: all of it, and by group.
    pub(crate) async fn answer(&self, scope: &TenantScope) -> Result<(Sums, Groups)> {
        let (mut totals, mut groups) = (Sums::default(), Groups::new());
        let mut calendar = Calendar::of(&self.zone);
        read(scope, self.dimension, &self.values, self.span, |value, hour, figure, amount| {
            if !self.keeps(value) {
                return;
            }
            let keys = match self.group_by.grain() {
                Some(grain) => vec![calendar.key(grain, hour)],
                None => self.named(value),
            };
            totals.add(figure, amount);
            for key in keys {
                groups.entry(key).or_default().add(figure, amount);
            }
        })
        .await?;
        let Some(whole) = self.whole(scope).await? else { return Ok((totals, groups)) };
        if self.group_by == GroupBy::User {
            groups.insert(Key::Word(None), whole.beyond(&totals));
        }
        Ok((whole, groups))
    }

    /// All there is, where the counters that were looked at do not add up to it: a message has several tags, and not every message a
    /// sender.
    async fn whole(&self, scope: &TenantScope) -> Result<Option<Sums>> {
        let named = self.values != Values::Any || self.team.is_some();
        let apart = matches!(self.dimension, Dimension::Tag | Dimension::User) && !named;
        if !apart {
            return Ok(None);
        }
        let mut all = Sums::default();
        read(scope, Dimension::All, &Values::Any, self.span, |_, _, figure, amount| all.add(figure, amount)).await?;
        Ok(Some(all))
    }

    fn keeps(&self, value: &str) -> bool {
        let category = || Way::parse(value).is_some_and(|way| way.category == self.category);
        let account = || Way::parse(value).is_some_and(|way| way.account == self.account);
        let team = || UserId::from_hex(value).is_some_and(|user| self.teams.contains_key(&user));
        (self.category.is_none() || category()) && (self.account.is_none() || account()) && (self.team.is_none() || team())
    }

    /// The groups that a value belongs to: one, but for teams.
    fn named(&self, value: &str) -> Vec<Key> {
        let way = || Way::parse(value);
        if self.group_by == GroupBy::Team {
            let teams = UserId::from_hex(value).and_then(|user| self.teams.get(&user));
            return teams.into_iter().flatten().map(|team| Key::Word(Some(team.to_string()))).collect();
        }
        let word = match self.group_by {
            GroupBy::Account => way().and_then(|way| way.account).map(|id| id.to_string()),
            GroupBy::Channel => way().map(|way| way.channel.as_str().to_owned()),
            GroupBy::Category => way().and_then(|way| way.category).map(|category| category.to_string()),
            GroupBy::Template => TemplateId::from_hex(value).map(|id| id.to_string()),
            GroupBy::User => UserId::from_hex(value).map(|id| id.to_string()),
            GroupBy::Tag => Some(place::tag_of(value)),
            GroupBy::Hour | GroupBy::Day | GroupBy::Week | GroupBy::Month | GroupBy::HourOfWeek | GroupBy::Team => None,
        };
        vec![Key::Word(word)]
    }

    /// Where the messages are listed that a group counts, or all of them. Hours of the week are no span, so theirs are nowhere.
    pub(crate) fn rows(&self, group: Option<&Key>) -> Option<String> {
        self.list(group, REACHED, None)
    }

    /// Where the answers are listed that a group counts, or all of them.
    pub(crate) fn answers(&self, group: Option<&Key>) -> Option<String> {
        self.list(group, MADE, Some(("answers", "true")))
    }

    /// The list of those messages: what bounds their time is called so there.
    fn list(&self, group: Option<&Key>, bounds: (&str, &str), more: Option<(&'static str, &str)>) -> Option<String> {
        let mut filters = self.filters.clone();
        let span = match group {
            None => self.span,
            Some(Key::Slot(_)) => return None,
            Some(Key::Time(start, next)) => Span { since: ceiling(*start), until: ceiling(*next) }.within(self.span),
            Some(Key::Word(word)) => {
                filters.retain(|(name, _)| *name != self.group_name());
                filters.push((self.group_name(), word.clone().unwrap_or_else(|| NONE.to_owned())));
                self.span
            }
        };
        let more = more.map(|(name, value)| (name, value.to_owned()));
        Some(listed("/v1/messages", bounds, span, more.into_iter().chain(filters)))
    }

    const fn group_name(&self) -> &'static str {
        match self.group_by {
            GroupBy::Hour => "hour",
            GroupBy::Day => "day",
            GroupBy::Week => "week",
            GroupBy::Month => "month",
            GroupBy::HourOfWeek => "hour_of_week",
            GroupBy::Template => "template",
            GroupBy::Account => "account",
            GroupBy::Channel => "channel",
            GroupBy::Tag => "tag",
            GroupBy::Category => "category",
            GroupBy::User => "user",
            GroupBy::Team => "team",
        }
    }
}
