//! What is shown: a page as plain values, made from the model, drawn by the view.

/// A page. It scrolls; its actions stay at the bottom of the window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    /// Tells pages apart: another name is another page, which begins at its top.
    pub(crate) name: &'static str,
    pub(crate) heading: String,
    pub(crate) blocks: Vec<Block>,
    /// The first is the main one, if it is of [`Weight::Main`].
    pub(crate) actions: Vec<Button>,
    /// What Enter does in a field.
    pub(crate) enter: Option<Act>,
    /// What Esc does.
    pub(crate) escape: Option<Act>,
    /// What has the focus when the page opens.
    pub(crate) focus: Focus,
}

impl Page {
    pub(crate) fn new(name: &'static str, heading: String) -> Self {
        Self {
            name,
            heading,
            blocks: Vec::new(),
            actions: Vec::new(),
            enter: None,
            escape: None,
            focus: Focus::Nothing,
        }
    }

    pub(crate) fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    pub(crate) fn blocks(mut self, blocks: impl IntoIterator<Item = Block>) -> Self {
        self.blocks.extend(blocks);
        self
    }

    /// The one main action of the page. Enter in a field does it as well.
    pub(crate) fn main(mut self, label: String, act: Act) -> Self {
        self.enter = Some(act.clone());
        self.actions.push(Button::new(label, act, Weight::Main));
        self
    }

    /// Another action.
    pub(crate) fn also(mut self, label: String, act: Act) -> Self {
        self.actions.push(Button::new(label, act, Weight::Second));
        self
    }

    /// An action that Esc does as well.
    pub(crate) fn or_escape(mut self, label: String, act: Act) -> Self {
        self.escape = Some(act.clone());
        self.also(label, act)
    }

    pub(crate) fn focus(mut self, focus: Focus) -> Self {
        self.focus = focus;
        self
    }

    /// The focus is on the main action.
    pub(crate) fn focus_on_main(mut self) -> Self {
        self.focus = self.enter.clone().map_or(Focus::Nothing, Focus::Act);
        self
    }
}

/// What has the focus.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Focus {
    /// The page itself: keys scroll it, Tab goes to its first part.
    Nothing,
    Field(FieldId),
    Act(Act),
}

/// One part of a page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Block {
    Words(String),
    Lead(String),
    Subheading(String),
    Notice {
        tone: Tone,
        title: String,
        text: String,
    },
    Field(Field),
    Choice(Choice),
    Facts(Vec<Fact>),
    Steps(Vec<StepLine>),
    Card(Box<CardBlock>),
    Fingerprint {
        label: String,
        groups: Vec<String>,
    },
    Reference {
        label: String,
        help: String,
        value: String,
        copy: Button,
    },
    Bar {
        label: String,
        value: String,
        part: f32,
    },
    Actions(Vec<Button>),
    /// What machines read, such as a command; `label` may be empty.
    Code {
        label: String,
        text: String,
    },
    /// What the licence of the toolkit asks for.
    Attribution,
}

impl Block {
    /// Whether `new` is this part with other contents, rather than another one.
    pub(crate) fn is_same_part(old: &Self, new: &Self) -> bool {
        match (old, new) {
            (Self::Field(old), Self::Field(new)) => old.id == new.id,
            (Self::Choice(old), Self::Choice(new)) => old.id == new.id,
            _ => std::mem::discriminant(old) == std::mem::discriminant(new),
        }
    }
}

/// What something means, beside its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Info,
    Success,
    Warning,
    Error,
    /// Under way.
    Now,
    /// Still to come.
    Waiting,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: String,
}

impl Fact {
    pub(crate) fn new(label: String, value: impl Into<String>) -> Self {
        Self { label, value: value.into() }
    }
}

/// A step of something that runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepLine {
    pub(crate) label: String,
    /// More about it, such as why it waits.
    pub(crate) note: String,
    pub(crate) tone: Tone,
    /// The whole line for a screen reader, state included.
    pub(crate) spoken: String,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CardBlock {
    pub(crate) title: String,
    pub(crate) badge: String,
    pub(crate) tone: Tone,
    pub(crate) text: String,
    pub(crate) facts: Vec<Fact>,
    pub(crate) buttons: Vec<Button>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) id: FieldId,
    pub(crate) label: String,
    pub(crate) required: bool,
    pub(crate) help: String,
    /// Empty when there is none.
    pub(crate) error: String,
    pub(crate) value: String,
    pub(crate) kind: FieldKind,
    /// Width in characters.
    pub(crate) width: u16,
}

/// Whether a field's text can be read by whoever stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Plain,
    Hidden,
    /// A hidden one that the person wants to see.
    Shown,
}

/// One of several.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) id: FieldId,
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) options: Vec<String>,
    pub(crate) chosen: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Button {
    pub(crate) label: String,
    /// For a screen reader, where the label alone is not enough; otherwise empty.
    pub(crate) spoken: String,
    pub(crate) act: Act,
    pub(crate) weight: Weight,
}

impl Button {
    pub(crate) fn new(label: String, act: Act, weight: Weight) -> Self {
        Self { label, spoken: String::new(), act, weight }
    }

    pub(crate) fn spoken(mut self, spoken: String) -> Self {
        self.spoken = spoken;
        self
    }
}

/// How much a button stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Main,
    Second,
    Quiet,
}

/// Every field of every form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldId {
    Site,
    User,
    Password,
    Mail,
    MailAgain,
    ProxyUser,
    ProxyPassword,
    Language,
    Look,
    Store,
    Proxy,
    ProxyAddress,
    ProxyScript,
    Reference,
    Schedule,
}

impl FieldId {
    pub(crate) const ALL: [Self; 15] = [
        Self::Site,
        Self::User,
        Self::Password,
        Self::Mail,
        Self::MailAgain,
        Self::ProxyUser,
        Self::ProxyPassword,
        Self::Language,
        Self::Look,
        Self::Store,
        Self::Proxy,
        Self::ProxyAddress,
        Self::ProxyScript,
        Self::Reference,
        Self::Schedule,
    ];
}

/// What a person can do with a button.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    /// The other language.
    SwitchLanguage,
    /// Back to the menu, or to the first question when the service is not known yet.
    Menu,
    /// Back to where the failed or stopped work began.
    Form,
    OpenSite,
    OpenIssue,
    OpenRenew(String),
    /// Another e-mail address for the seat of this certificate.
    OpenEmail(String),
    OpenCleanUp,
    OpenDoctor,
    OpenSettings,
    OpenAbout,
    /// The browser's choice of certificate; it is shown before it is written.
    OpenAutoSelect,
    WriteAutoSelect,
    RemoveAutoSelect,
    /// To the page that this one was opened from.
    Back,
    /// The form on this page is filled.
    Submit,
    /// Stop what runs.
    Cancel,
    /// The person compared the fingerprint.
    Compared(bool),
    OpenUrl(String),
    Copy(String),
    /// Remove this certificate on closing, by its serial number; or not.
    Mark(String),
    Unmark(String),
    /// Look for a newer version.
    Look,
    Update,
    UpdateLater,
    Diagnose,
    /// Fix a finding, by its place in the list.
    Fix(usize),
    SaveReport,
    /// Have this PC renew by itself from now on.
    Schedule,
    /// Close although something runs; or do not.
    Leave,
    Stay,
    Close,
}
