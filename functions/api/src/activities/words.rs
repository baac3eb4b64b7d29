//! Closed sets of words of activities: for descriptions.

use domain::Visibility;
use domain::activity::{Direction, Form, Outcome, Priority, Status};

use crate::reply::words::sets;

sets! {
    ActivityTypeWord = "ActivityType", "What was done.", Form::ALL;
    ActivityStatusWord = "ActivityStatus", "How far an activity is.", Status::ALL;
    DirectionWord = "Direction", "Who began it.", Direction::ALL;
    OutcomeWord = "ActivityOutcome", "How an activity went.", Outcome::ALL;
    PriorityWord = "ActivityPriority", "How much it matters.", Priority::ALL;
    VisibilityWord = "Visibility", "Who may see it: its owner and admins, the members of its team too, or the whole tenant.",
        Visibility::ALL;
}
