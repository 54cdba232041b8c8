use std::fmt;

use tegata_domain::UserId;

/// Who acts, as the audit log names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// This program, by itself.
    System,
    /// Whoever may run administration commands on this machine, by login name.
    Operator(String),
    /// The holder of a user ID, or someone who claims to be.
    Subscriber(UserId),
    /// Someone who named no possible user ID.
    Stranger,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::Operator(login) => write!(f, "operator {login}"),
            Self::Subscriber(user_id) => write!(f, "subscriber {user_id}"),
            Self::Stranger => f.write_str("stranger"),
        }
    }
}
