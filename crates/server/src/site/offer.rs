use askama::Template;
use tegata_domain::Issuer;
use tegata_look::Notice;
use tegata_text::Text;

use super::installer::{Installer, best, command};
use super::pc::{Device, System};
use super::visit::Visit;

/// What stands on the shelf, as pages offer it to the visitor.
pub(super) struct Offer {
    text: Text,
    folder: String,
    device: Device,
    files: Vec<Installer>,
}

/// How the visitor gets a certificate with what there is.
pub(super) enum Way<'a> {
    /// With the application that has a window: installed, then started from the page.
    Window,
    /// Only with the command-line program.
    Command(&'a Installer),
    /// Not on this device.
    Nothing,
}

/// A line of a list of files.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) name: String,
    pub(super) href: String,
    pub(super) size: String,
    pub(super) sha256: String,
    /// How it is installed, where it is not opened from the desktop: what to do, and the command.
    pub(super) run: Option<(String, String)>,
}

impl Offer {
    pub(super) async fn to(visit: &Visit) -> Self {
        let files = visit.site.shelf.list().await.unwrap_or_else(|error| {
            tracing::error!(%error, "downloads cannot be read");
            Vec::new()
        });
        Self {
            text: Text::of(visit.language.lang),
            folder: visit.site.at("download/"),
            device: visit.device,
            files,
        }
    }

    /// A PC needs what runs on it. Who is on a phone or on a device that is not recognised may
    /// still read the steps for the PCs that there is something for.
    pub(super) fn way(&self) -> Way<'_> {
        let window = match self.device {
            Device::Pc { .. } => best(&self.files, self.device).is_some(),
            Device::Mobile | Device::Unknown => {
                self.files.iter().any(|file| file.kind.is_installer())
            }
        };
        match command(&self.files, self.device) {
            _ if window => Way::Window,
            Some(file) => Way::Command(file),
            None => Way::Nothing,
        }
    }

    /// The HTML that offers the installers: the one for this PC as a button of the class
    /// `button`, the others below.
    pub(super) fn html(&self, button: &str) -> Result<String, askama::Error> {
        let text = self.text;
        let best = best(&self.files, self.device);
        let others = self
            .files
            .iter()
            .filter(|file| file.kind.is_installer() && Some(*file) != best)
            .map(|file| self.row(file))
            .collect();
        let best = best.map(|file| {
            let system = file.kind.system().map_or("", System::name);
            (text.site_installer_download(system), self.row(file))
        });
        // Where one is offered, or none can be used, the list is only for those who look for it.
        let folded = best.is_some() || self.device == Device::Mobile;
        View { text, button, best, others, folded }.render()
    }

    /// What a person does with the installer that is offered first.
    pub(super) fn install(&self) -> String {
        let text = self.text;
        match best(&self.files, self.device) {
            Some(file) if file.install_command().is_some() => {
                text.site_issue_step_install_command()
            }
            Some(file) if file.kind.opens() => text.site_issue_step_install_about(),
            _ => text.site_issue_step_install_choose(),
        }
    }

    /// The name of the command once it is installed.
    pub(super) fn program(&self, issuer: &Issuer) -> String {
        let own = best(&self.files, self.device).and_then(|file| file.installs_command(issuer));
        own.unwrap_or_else(|| "tegata-app".to_owned())
    }

    /// What has to be said first to a visitor on a phone; empty for others.
    pub(super) fn mobile(&self) -> String {
        let text = self.text;
        match self.device {
            Device::Mobile => Notice::Warning
                .plain(&text.site_installer_mobile_label(), &[text.site_installer_mobile()]),
            _ => String::new(),
        }
    }

    /// Everything: what is offered to this PC first.
    pub(super) fn all(&self) -> Vec<Row> {
        let first = best(&self.files, self.device).or_else(|| command(&self.files, self.device));
        let rest = self.files.iter().filter(|file| Some(*file) != first);
        first.into_iter().chain(rest).map(|file| self.row(file)).collect()
    }

    pub(super) fn row(&self, file: &Installer) -> Row {
        Row {
            label: file.label(self.text),
            name: file.name.clone(),
            href: format!("{}{}", self.folder, file.segment()),
            size: file.size(),
            sha256: file.digest(),
            run: file.install_command().map(|command| {
                let text = self.text;
                let needs_root = command.starts_with("sudo ");
                let about = if needs_root {
                    text.site_installer_run_root()
                } else {
                    text.site_installer_run()
                };
                (about, command)
            }),
        }
    }
}

#[derive(Template)]
#[template(path = "site/offer.html")]
struct View<'a> {
    text: Text,
    button: &'a str,
    best: Option<(String, Row)>,
    others: Vec<Row>,
    folded: bool,
}
