use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use tegata_agent::store::Pkcs12Form;
use tegata_text::{Lang, Text};

use crate::refused::Refused;
use crate::{stores, version};

/// The name of the program as it is built.
const NAME: &str = "tegata-app";

/// The command line.
#[derive(Parser)]
#[command(
    name = NAME,
    version,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
pub(crate) struct Args {
    #[arg(long, global = true, value_name = "ja|en", value_parser = lang)]
    lang: Option<Lang>,
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) proxy: Proxy,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The way out, for every command that uses the network.
#[derive(clap::Args)]
pub(crate) struct Proxy {
    #[arg(long, global = true, value_name = "auto|none|URL|pac:URL")]
    pub(crate) proxy: Option<String>,
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) proxy_user: Option<String>,
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) proxy_password_file: Option<PathBuf>,
}

/// Which store, and what opens it.
#[derive(clap::Args)]
pub(crate) struct StoreOptions {
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(crate) store_password_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Issue(Issue),
    Renew(Renew),
    Schedule(Schedule),
    Email(ChangeEmail),
    Remove(Remove),
    Doctor(Doctor),
    Autoselect(Autoselect),
    Clear(Clear),
    List(List),
    Trust(Trust),
    Update(Update),
}

#[derive(clap::Args)]
pub(crate) struct Issue {
    #[arg(long, value_name = "URL")]
    pub(crate) site: Option<String>,
    #[arg(long, value_name = "HEX")]
    pub(crate) root_sha256: Option<String>,
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) mail: Option<String>,
    #[command(flatten)]
    pub(crate) at: StoreOptions,
    #[arg(
        long,
        value_name = "modern|legacy",
        default_value = "modern",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) pkcs12_form: Form,
}

#[derive(clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) at: StoreOptions,
}

#[derive(clap::Args)]
pub(crate) struct Renew {
    #[arg(long, conflicts_with_all = ["user", "site"])]
    pub(crate) all_due: bool,
    #[arg(long, requires = "all_due")]
    pub(crate) unattended: bool,
    #[arg(
        long,
        requires = "unattended",
        value_name = "HOURS",
        value_parser = clap::value_parser!(u8).range(0..=24),
        default_value = "0",
        hide_default_value = true
    )]
    pub(crate) spread: u8,
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) at: StoreOptions,
    #[arg(long, value_name = "URL")]
    pub(crate) site: Option<String>,
    #[arg(long, value_name = "HEX", requires = "site")]
    pub(crate) root_sha256: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct ChangeEmail {
    #[arg(long, value_name = "MAIL")]
    pub(crate) mail: Option<String>,
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) at: StoreOptions,
    #[arg(long, value_name = "URL")]
    pub(crate) site: Option<String>,
    #[arg(long, value_name = "HEX", requires = "site")]
    pub(crate) root_sha256: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct Schedule {
    #[arg(long, conflicts_with_all = ["off", "show"])]
    pub(crate) on: bool,
    #[arg(long, conflicts_with = "show")]
    pub(crate) off: bool,
    #[arg(long)]
    pub(crate) show: bool,
    #[command(flatten)]
    pub(crate) at: StoreOptions,
}

#[derive(clap::Args)]
pub(crate) struct Remove {
    #[arg(long, value_name = "HEX")]
    pub(crate) serial: Vec<String>,
    #[arg(long)]
    pub(crate) old: bool,
    #[arg(long, conflicts_with_all = ["serial", "old"])]
    pub(crate) all: bool,
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) at: StoreOptions,
}

#[derive(clap::Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) at: StoreOptions,
    #[arg(long, value_name = "URL")]
    pub(crate) site: Option<String>,
    #[arg(long, value_name = "HEX", requires = "site")]
    pub(crate) root_sha256: Option<String>,
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) reference: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Autoselect {
    #[arg(long, conflicts_with = "remove")]
    pub(crate) write: bool,
    #[arg(long)]
    pub(crate) remove: bool,
    #[command(flatten)]
    pub(crate) at: StoreOptions,
}

#[derive(clap::Args)]
pub(crate) struct Clear {
    #[arg(long)]
    pub(crate) keys: bool,
    #[command(flatten)]
    pub(crate) at: StoreOptions,
}

#[derive(clap::Args)]
pub(crate) struct Trust {
    #[arg(long, value_name = "URL")]
    pub(crate) site: Option<String>,
    #[arg(long, value_name = "HEX")]
    pub(crate) root_sha256: Option<String>,
    #[command(flatten)]
    pub(crate) at: StoreOptions,
    #[arg(long, conflicts_with_all = ["site", "root_sha256"])]
    pub(crate) remove: bool,
}

#[derive(clap::Args)]
pub(crate) struct Update {
    #[arg(long, conflicts_with = "yes")]
    pub(crate) check: bool,
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Form {
    Modern,
    Legacy,
}

impl From<Form> for Pkcs12Form {
    fn from(form: Form) -> Self {
        match form {
            Form::Modern => Self::Modern,
            Form::Legacy => Self::Legacy,
        }
    }
}

/// Examples are the same in every language.
mod examples {
    pub(super) const ISSUE: &str = "  \
  tegata-app issue --site https://issue.example.jp/issueweb/0001/SB0001002C/ \\
      --root-sha256 0123…cdef --user CMSM950-006-401 \\
      --password-file password.txt --mail taro@example.co.jp --store nss";
    pub(super) const ISSUE_FILE: &str = "  \
  tegata-app issue --site https://issue.example.jp/issueweb/0001/SB0001002C/ \\
      --user CMSM950-006-401 --mail taro@example.co.jp --store pkcs12:card.p12";
    pub(super) const RENEW: &str = "  tegata-app renew --store nss --all-due";
    pub(super) const SCHEDULE: &str = "  \
  tegata-app schedule --on
  tegata-app schedule --off";
    pub(super) const EMAIL: &str = "  tegata-app email --mail hanako@example.co.jp --store nss";
    pub(super) const REMOVE: &str = "  tegata-app remove --store nss --old";
    pub(super) const REMOVE_ONE: &str =
        "  tegata-app remove --store pkcs12:card.p12 --serial 4100…02 --yes";
    pub(super) const DOCTOR: &str = "  tegata-app doctor --store nss --report report.txt";
    pub(super) const AUTOSELECT: &str = "  \
  tegata-app autoselect --store nss
  sudo env HOME=\"$HOME\" \"$(command -v tegata-app)\" autoselect --store nss --write";
    pub(super) const CLEAR: &str = "  tegata-app clear --store nss --keys";
    pub(super) const LIST: &str = "  tegata-app list --store nss --json";
    pub(super) const LIST_FILE: &str =
        "  tegata-app list --store pkcs12:card.p12 --store-password-file password.txt";
    pub(super) const TRUST: &str = "  \
  tegata-app trust --site https://issue.example.jp/issueweb/0001/SB0001002C/ --store pem:certs";
    pub(super) const UPDATE: &str = "  tegata-app update --check";
    pub(super) const UPDATE_YES: &str = "  tegata-app update --yes --json";
}

/// Reads the command line; help comes in the language of `text`.
pub(crate) fn parse(arguments: &[OsString], text: Text) -> Result<Args, Refused> {
    let refused = |error| Refused { error, json: arguments.iter().any(|a| a == "--json"), text };
    let program = name_of(arguments.first().cloned());
    let matches = localised(text, &program).try_get_matches_from(arguments).map_err(refused)?;
    Args::from_arg_matches(&matches).map_err(refused)
}

/// The language: `--lang`, else the system's by `LC_ALL`, `LC_MESSAGES`, `LANG`, else the one
/// in which the system speaks to the user, where it has such a setting.
pub(crate) fn language(
    arguments: &[OsString],
    variable: impl Fn(&str) -> Option<String>,
    of_user: impl FnOnce() -> Option<String>,
) -> Lang {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    let named = words.clone().find_map(|word| word.strip_prefix("--lang="));
    let named = named.or_else(|| words.find(|word| *word == "--lang").and_then(|_| words.next()));
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable);
    let system = set.into_iter().find(|value| !value.is_empty());
    match (named.and_then(Lang::from_tag), system.or_else(of_user)) {
        (Some(named), _) => named,
        // A system in another language, or without one, is more likely to show English.
        (None, Some(system)) => Lang::from_tag(&system).unwrap_or(Lang::En),
        (None, None) => Lang::En,
    }
}

fn lang(tag: &str) -> Result<Lang, String> {
    Lang::from_tag(tag).ok_or_else(|| "ja | en".to_owned())
}

/// The name by which this program was called: installers give it that of their service.
pub(crate) fn program() -> String {
    name_of(std::env::args_os().next())
}

fn name_of(called: Option<OsString>) -> String {
    let file = called.map(PathBuf::from);
    let name = file.as_deref().and_then(|file| file.file_stem()?.to_str());
    // A name with other signs would have to be quoted, and cannot be what a person types.
    let is_plain = |name: &&str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    name.filter(is_plain).unwrap_or(NAME).to_owned()
}

fn localised(text: Text, program: &str) -> clap::Command {
    let template = format!("{{about-with-newline}}\n{}: {{usage}}\n", text.app_help_usage());
    let options = format!("\n{}:\n{{options}}{{after-help}}", text.app_help_options());
    let commands = format!("\n{}:\n{{subcommands}}\n", text.app_help_commands());
    let usage = |words: &str| format!("{program} {words}");
    let examples = |lines: &[&str]| {
        let lines = lines.join("\n").replace(NAME, program);
        format!("{}:\n{lines}", text.app_help_examples())
    };
    // What all commands share stands below what is a command's own.
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).global(true);
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let all = examples(&[
        examples::ISSUE,
        examples::RENEW,
        examples::SCHEDULE,
        examples::EMAIL,
        examples::LIST,
        examples::TRUST,
        examples::UPDATE,
    ]);
    let root = Args::command()
        .version(version::running())
        .arg(help.help(text.app_help_help()).display_order(102))
        .arg(version.help(text.app_help_version()).display_order(103))
        .help_template(format!("{template}{commands}{options}"))
        .override_usage(usage(&format!(
            "{} {}",
            text.app_help_usage_options(),
            text.app_help_usage_command()
        )))
        .about(format!("{}\n{}", text.app_help_about(), text.window_help()))
        .after_help(format!("{all}\n\n{}", text.app_help_exit_codes()))
        .mut_arg("proxy", |arg| arg.help(text.app_help_proxy_choice()).display_order(90))
        .mut_arg("proxy_user", |arg| arg.help(text.app_help_proxy_user()).display_order(91))
        .mut_arg("proxy_password_file", |arg| {
            arg.help(text.app_help_proxy_password()).display_order(92)
        })
        .mut_arg("lang", |arg| arg.help(stores::help_lang(text)).display_order(100))
        .mut_arg("json", |arg| arg.help(text.app_help_json()).display_order(101));
    let site = |command: clap::Command| {
        command
            .mut_arg("site", |arg| arg.help(text.app_help_site()))
            .mut_arg("root_sha256", |arg| arg.help(text.app_help_root()))
    };
    let store = |command: clap::Command, lines: &[&str]| {
        let words = format!("{} {}", command.get_name(), text.app_help_usage_options());
        let after = [examples(lines), stores::help(text), text.app_help_exit_codes()];
        command
            .help_template(format!("{template}{options}"))
            .override_usage(usage(&words))
            .mut_arg("store", |arg| arg.help(text.app_help_store_which(stores::OWN)))
            .mut_arg("store_password_file", |arg| arg.help(text.app_help_store_password_plain()))
            .after_help(after.join("\n\n"))
    };
    root.mut_subcommand("issue", |command| {
        store(site(command), &[examples::ISSUE, examples::ISSUE_FILE])
            .about(text.app_help_issue())
            .mut_arg("store", |arg| arg.help(text.app_help_store(stores::OWN)))
            .mut_arg("store_password_file", |arg| arg.help(text.app_help_store_password()))
            .mut_arg("user", |arg| arg.help(text.app_help_user()))
            .mut_arg("password_file", |arg| arg.help(text.app_help_password()))
            .mut_arg("mail", |arg| arg.help(text.app_help_mail()))
            .mut_arg("pkcs12_form", |arg| arg.help(text.app_help_form()))
    })
    .mut_subcommand("renew", |command| {
        store(site(command), &[examples::RENEW])
            .about(text.app_help_renew())
            .mut_arg("site", |arg| arg.help(text.app_help_renew_site()))
            .mut_arg("user", |arg| arg.help(text.app_help_renew_user()))
            .mut_arg("all_due", |arg| arg.help(text.app_help_renew_all_due()))
            .mut_arg("unattended", |arg| arg.help(text.app_help_renew_unattended()))
            .mut_arg("spread", |arg| arg.help(text.app_help_renew_spread()))
    })
    .mut_subcommand("schedule", |command| {
        store(command, &[examples::SCHEDULE])
            .about(text.app_help_schedule())
            .mut_arg("on", |arg| arg.help(text.app_help_schedule_on()))
            .mut_arg("off", |arg| arg.help(text.app_help_schedule_off()))
            .mut_arg("show", |arg| arg.help(text.app_help_schedule_show()))
    })
    .mut_subcommand("email", |command| {
        store(site(command), &[examples::EMAIL])
            .about(text.app_help_email())
            .mut_arg("mail", |arg| arg.help(text.app_help_email_mail()))
            .mut_arg("user", |arg| arg.help(text.app_help_email_user()))
            .mut_arg("site", |arg| arg.help(text.app_help_renew_site()))
    })
    .mut_subcommand("remove", |command| {
        store(command, &[examples::REMOVE, examples::REMOVE_ONE])
            .about(text.app_help_remove())
            .mut_arg("serial", |arg| arg.help(text.app_help_remove_serial()))
            .mut_arg("old", |arg| arg.help(text.app_help_remove_old()))
            .mut_arg("all", |arg| arg.help(text.app_help_remove_all()))
            .mut_arg("yes", |arg| arg.help(text.app_help_remove_yes()))
    })
    .mut_subcommand("doctor", |command| {
        store(site(command), &[examples::DOCTOR])
            .about(text.app_help_doctor())
            .mut_arg("site", |arg| arg.help(text.app_help_doctor_site()))
            .mut_arg("reference", |arg| arg.help(text.app_help_doctor_reference()))
            .mut_arg("report", |arg| arg.help(text.app_help_doctor_report()))
    })
    .mut_subcommand("autoselect", |command| {
        store(command, &[examples::AUTOSELECT])
            .about(text.app_help_autoselect())
            .mut_arg("write", |arg| arg.help(text.app_help_autoselect_write()))
            .mut_arg("remove", |arg| arg.help(text.app_help_autoselect_remove()))
    })
    .mut_subcommand("clear", |command| {
        store(command, &[examples::CLEAR])
            .about(text.app_help_clear())
            .mut_arg("keys", |arg| arg.help(text.app_help_clear_keys()))
    })
    .mut_subcommand("list", |command| {
        store(command, &[examples::LIST, examples::LIST_FILE]).about(text.app_help_list())
    })
    .mut_subcommand("trust", |command| {
        store(site(command), &[examples::TRUST])
            .about(text.app_help_trust())
            .mut_arg("remove", |arg| arg.help(text.app_help_untrust()))
    })
    .mut_subcommand("update", |command| {
        let after = [
            examples(&[examples::UPDATE, examples::UPDATE_YES]),
            text.app_help_update_more(),
            text.app_help_exit_codes(),
        ];
        command
            .help_template(format!("{template}{options}"))
            .override_usage(usage(&format!("update {}", text.app_help_usage_options())))
            .about(text.app_help_update())
            .mut_arg("check", |arg| arg.help(text.app_help_update_check()))
            .mut_arg("yes", |arg| arg.help(text.app_help_update_yes()))
            .after_help(after.join("\n\n"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_command_is_sound_and_every_option_is_explained_in_both_languages() {
        for lang in Lang::ALL {
            let command = localised(Text::of(lang), NAME);
            command.clone().debug_assert();
            let commands = command.get_subcommands().chain([&command]);
            for command in commands {
                assert!(command.get_about().is_some(), "{}", command.get_name());
                for arg in command.get_arguments() {
                    assert!(arg.get_help().is_some(), "{} --{}", command.get_name(), arg.get_id());
                }
            }
        }
    }

    #[test]
    fn help_speaks_of_the_program_by_the_name_that_it_was_called_by() {
        let called = |path: &str| name_of(Some(OsString::from(path)));
        assert_eq!(called("/home/u/.local/bin/tegata-app-sb0001002c"), "tegata-app-sb0001002c");
        assert_eq!(called("tegata-app"), "tegata-app");
        assert_eq!(called("/opt/a b"), "tegata-app");
        assert_eq!(name_of(None), "tegata-app");
        let help = |line: &str| {
            let refused = parse(&words(line), Text::of(Lang::En)).err().unwrap();
            refused.error.render().to_string()
        };
        let said = help("bin/tegata-app-sb0001002c --help");
        assert!(said.contains("tegata-app-sb0001002c [OPTIONS] [COMMAND]"), "{said}");
        assert!(!said.contains("tegata-app "), "{said}");
        for command in ["issue", "renew", "schedule", "email", "list", "trust", "update"] {
            let example = format!("\n  tegata-app-sb0001002c {command} ");
            assert!(said.contains(&example), "{command}: {said}");
        }
        let said = help("bin/tegata-app-sb0001002c autoselect --help");
        assert!(said.contains(" \"$(command -v tegata-app-sb0001002c)\" "), "{said}");
    }

    #[test]
    fn language_by_option_then_by_system() {
        let env = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| value.to_owned())
        };
        let chosen = |line, variable: &dyn Fn(&str) -> Option<String>| {
            language(&words(line), variable, || None)
        };
        assert_eq!(chosen("app issue", &env("LANG", "ja_JP.UTF-8")), Lang::Ja);
        assert_eq!(chosen("app issue", &env("LC_ALL", "en_GB.UTF-8")), Lang::En);
        assert_eq!(chosen("app issue", &env("LC_ALL", "C")), Lang::En);
        assert_eq!(chosen("app --lang en issue", &env("LANG", "ja_JP.UTF-8")), Lang::En);
        assert_eq!(chosen("app issue --lang=ja", &env("LANG", "C")), Lang::Ja);
        let set = |variable: &dyn Fn(&str) -> Option<String>, tag: Option<&str>| {
            language(&words("app issue"), variable, || tag.map(str::to_owned))
        };
        assert_eq!(set(&|_| None, Some("ja-JP")), Lang::Ja);
        assert_eq!(set(&|_| None, Some("fr-FR")), Lang::En);
        assert_eq!(set(&|_| None, None), Lang::En);
        assert_eq!(set(&env("LANG", "en_US.UTF-8"), Some("ja-JP")), Lang::En);
    }

    #[test]
    fn there_is_no_option_that_takes_a_password() {
        for line in [
            "app issue --password x",
            "app issue --store-password x",
            "app issue --proxy-password x",
        ] {
            assert!(parse(&words(line), Text::of(Lang::En)).is_err(), "{line}");
        }
    }
}
