//! What may be asked of what people do, of activities, tasks and deals alike: a span, whose it was, and what to tell apart.

use std::collections::{BTreeMap, HashMap};

use domain::statistic::{Dimension, Figure, Whose};
use kernel::ids::{TeamId, UserId};
use kernel::{Error, Result, Time, Zone};
use serde::Serialize;
use store::TenantScope;

use super::grain::{Calendar, Grain, Key};
use super::listed::listed;
use super::reading::{Values, read};
use super::span::{COARSE, FINE, Part, Span, ceiling};
use super::sums::Sums;
use crate::sought::NONE;
use crate::state::Api;

/// What is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Time(Grain),
    Kind,
    User,
    Team,
    Tag,
}

impl By {
    pub(super) const HOUR: Self = Self::Time(Grain::Part(Part::Hour));
    pub(super) const DAY: Self = Self::Time(Grain::Part(Part::Day));
    pub(super) const WEEK: Self = Self::Time(Grain::Part(Part::Week));
    pub(super) const MONTH: Self = Self::Time(Grain::Part(Part::Month));
    pub(super) const HOUR_OF_WEEK: Self = Self::Time(Grain::HourOfWeek);
}

/// What a team's work is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Teamwork {
    /// That of those who are in it now.
    #[default]
    Members,
    /// What was given to it.
    Given,
}

/// How the parameters of a list are called that numbers lead to.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) path: &'static str,
    pub(super) kind: &'static str,
    pub(super) user: &'static str,
    /// What every link says.
    pub(super) always: Option<(&'static str, &'static str)>,
}

/// What is asked, before it is checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) since: Option<Time>,
    pub(super) until: Option<Time>,
    pub(super) zone: Option<Zone>,
    pub(super) user: Option<UserId>,
    pub(super) team: Option<TeamId>,
    pub(super) tag: Option<String>,
    pub(super) teamwork: Teamwork,
}

/// The counter rows that numbers are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    Users,
    Teams,
    Tags,
}

/// A question that can be answered.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) span: Span,
    pub(super) zone: Zone,
    by: By,
    values: Values,
    /// Whether the groups need not add up to what there is.
    apart: bool,
    /// Who is in which team, where that is asked.
    teams: Option<HashMap<UserId, Vec<TeamId>>>,
}

/// Nobody is in a team that is not there.
pub(super) fn unknown_team() -> Error {
    Error::invalid("?team", "unknown", "no such team")
}

/// The word of a type or kind.
pub(super) fn word(of: impl Serialize) -> Key {
    Key::Word(serde_json::to_value(of).ok().and_then(|word| word.as_str().map(str::to_owned)))
}

impl Wish {
    /// Checks the question, for a tenant. `user` is what the parameter of that name is called.
    pub(super) async fn check(self, by: By, user: &str, api: &Api, scope: &TenantScope) -> Result<Work> {
        let longest = if by == By::HOUR { FINE } else { COARSE };
        let span = Span::asked(self.since, self.until, api.0.context.clock.now(), longest)?;
        let rows = self.rows(by, user)?;
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None => api.0.catalog.tenant(scope).await?.zone.clone(),
        };
        let teams = self.teams(by, api, scope).await?;
        let values = self.values(rows);
        let named = self.user.is_some() || self.team.is_some() || self.tag.is_some();
        Ok(Work { span, zone, by, values, apart: rows.is_some() && !named, teams })
    }

    /// The rows that filters and groups lie in; none for those of everybody.
    fn rows(&self, by: By, user: &str) -> Result<Option<Rows>> {
        let team = if self.teamwork == Teamwork::Given { Rows::Teams } else { Rows::Users };
        let mut found = match by {
            By::Time(_) | By::Kind => None,
            By::User => Some((user, Rows::Users)),
            By::Team => Some(("team", team)),
            By::Tag => Some(("tag", Rows::Tags)),
        };
        for (name, given, rows) in [
            (user, self.user.is_some(), Rows::Users),
            ("team", self.team.is_some(), team),
            ("tag", self.tag.is_some(), Rows::Tags),
        ] {
            match found {
                Some((other, standing)) if given && standing != rows => {
                    return Err(Error::invalid(
                        format!("?{name}"),
                        "combination",
                        format!("not counted together with {other}"),
                    ));
                }
                Some(_) => {}
                None => found = given.then_some((name, rows)),
            }
        }
        Ok(found.map(|(_, rows)| rows))
    }

    fn values(&self, rows: Option<Rows>) -> Values {
        let one = match rows {
            None => Some(Whose::All),
            Some(Rows::Users) => self.user.map(Whose::User),
            Some(Rows::Teams) => self.team.map(Whose::Team),
            Some(Rows::Tags) => self.tag.clone().map(Whose::Tag),
        };
        let start = match rows {
            Some(Rows::Teams) => Whose::TEAMS,
            Some(Rows::Tags) => Whose::TAGS,
            Some(Rows::Users) | None => Whose::USERS,
        };
        one.map_or_else(|| Values::Starting(start.to_owned()), |whose| Values::One(whose.value()))
    }

    /// Who is in which team, when a team's work is that of its members.
    async fn teams(&self, by: By, api: &Api, scope: &TenantScope) -> Result<Option<HashMap<UserId, Vec<TeamId>>>> {
        let mut teams: HashMap<UserId, Vec<TeamId>> = HashMap::new();
        if self.teamwork == Teamwork::Given {
            return Ok(None);
        }
        if let Some(id) = self.team {
            let team = api.0.catalog.team(scope, id).await?.ok_or_else(unknown_team)?;
            teams.extend(team.members.iter().map(|member| (member.user, vec![id])));
        } else if by == By::Team {
            for team in api.0.catalog.teams(scope).await?.iter() {
                for member in &team.members {
                    teams.entry(member.user).or_default().push(team.id);
                }
            }
        } else {
            return Ok(None);
        }
        Ok(Some(teams))
    }
}

impl Work {
    /// What was counted: all of it, and by group. `kind` says of what kind that is which a figure counts, of figures that are asked for.
    pub(super) async fn answer(
        &self,
        scope: &TenantScope,
        kind: impl Fn(Figure) -> Option<Key>,
    ) -> Result<(Sums, BTreeMap<Key, Sums>)> {
        let (mut totals, mut groups) = (Sums::default(), BTreeMap::<Key, Sums>::new());
        let mut calendar = Calendar::of(&self.zone);
        read(scope, Dimension::Work, &self.values, self.span, |value, hour, figure, amount| {
            let (Some(kind), Some(whose)) = (kind(figure), Whose::parse(value)) else { return };
            let Some(keys) = self.keys(&whose, kind, hour, &mut calendar) else { return };
            totals.add(figure, amount);
            for key in keys {
                groups.entry(key).or_default().add(figure, amount);
            }
        })
        .await?;
        if self.apart {
            let (all, mut whole) = (Values::One(Whose::All.value()), Sums::default());
            read(scope, Dimension::Work, &all, self.span, |_, _, figure, amount| {
                if kind(figure).is_some() {
                    whole.add(figure, amount);
                }
            })
            .await?;
            if self.parts() {
                groups.insert(Key::Word(None), whole.beyond(&totals));
            }
            totals = whole;
        }
        groups.retain(|_, sums| sums.figures().any(|(_, amount)| amount != 0));
        Ok((totals, groups))
    }

    /// Whether nothing belongs to two groups, so that what none of them has is nobody's. Who is in several teams counts in each.
    fn parts(&self) -> bool {
        self.by == By::User || (self.by == By::Team && self.teams.is_none())
    }

    /// The groups that something belongs to; none of what is not asked for.
    fn keys(&self, whose: &Whose, kind: Key, hour: Time, calendar: &mut Calendar<'_>) -> Option<Vec<Key>> {
        let teams = match (&self.teams, whose) {
            (Some(teams), Whose::User(user)) => Some(teams.get(user)?),
            (_, _) => None,
        };
        Some(match (self.by, whose) {
            (By::Time(grain), _) => vec![calendar.key(grain, hour)],
            (By::Kind, _) => vec![kind],
            (By::Team, Whose::User(_)) => teams.into_iter().flatten().map(|team| Key::Word(Some(team.to_string()))).collect(),
            (By::User | By::Team | By::Tag, whose) => vec![Key::Word(match whose {
                Whose::All => None,
                Whose::User(id) => Some(id.to_string()),
                Whose::Team(id) => Some(id.to_string()),
                Whose::Tag(tag) => Some(tag.clone()),
            })],
        })
    }

    /// Where the rows are listed that a group counts, or all of them. Hours of the week are no span, so theirs are nowhere.
    pub(super) fn rows(
        &self,
        list: List,
        bounds: (&str, &str),
        filters: &[(&'static str, Option<String>)],
        group: Option<&Key>,
    ) -> Option<String> {
        let name = match self.by {
            By::Time(_) => "",
            By::Kind => list.kind,
            By::User => list.user,
            By::Team => "team",
            By::Tag => "tag",
        };
        let (span, word) = match group {
            None => (self.span, None),
            Some(Key::Slot(_)) => return None,
            Some(Key::Time(start, next)) => (Span { since: ceiling(*start), until: ceiling(*next) }.within(self.span), None),
            Some(Key::Word(word)) => (self.span, Some(word.clone().unwrap_or_else(|| NONE.to_owned()))),
        };
        let grouped = word.is_some();
        let always = list.always.map(|(name, value)| (name, value.to_owned()));
        let given = filters.iter().filter_map(|(name, value)| Some((*name, value.clone()?)));
        let given = given.filter(|(given, _)| !(grouped && *given == name));
        Some(listed(list.path, bounds, span, always.into_iter().chain(given).chain(word.map(|word| (name, word)))))
    }
}
