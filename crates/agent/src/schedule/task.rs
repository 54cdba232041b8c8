//! A task for the Task Scheduler of Windows (Task Scheduler Schema, [MS-TSCH] §2.5).

use super::{Plan, SPREAD_HOURS, ScheduleError};

/// The task: daily at nine or as soon as possible after that, and after login; not at one time on
/// all PCs, only with a network, one at a time, with no more rights than the user has. Without
/// `user` it has no start at login, for which Windows wants to know whose.
pub(super) fn xml(plan: &Plan, user: Option<&str>) -> Result<String, ScheduleError> {
    let login = user.map_or_else(String::new, |user| {
        format!("<LogonTrigger><UserId>{}</UserId></LogonTrigger>\n", escaped(user))
    });
    let arguments: Vec<_> = plan.spreading().iter().map(|word| quoted(word)).collect();
    Ok(format!(
        r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
<RegistrationInfo><Description>{description}</Description></RegistrationInfo>
<Triggers>
{login}<CalendarTrigger>
<StartBoundary>2026-01-01T09:00:00</StartBoundary>
<RandomDelay>PT{SPREAD_HOURS}H</RandomDelay>
<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>
</CalendarTrigger>
</Triggers>
<Principals><Principal id="Author">
<LogonType>InteractiveToken</LogonType>
<RunLevel>LeastPrivilege</RunLevel>
</Principal></Principals>
<Settings>
<MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
<StartWhenAvailable>true</StartWhenAvailable>
<RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>
<ExecutionTimeLimit>PT8H</ExecutionTimeLimit>
</Settings>
<Actions Context="Author"><Exec>
<Command>{program}</Command>
<Arguments>{arguments}</Arguments>
</Exec></Actions>
</Task>
"#,
        description = escaped(&plan.description),
        program = escaped(&format!("\"{}\"", plan.program()?)),
        arguments = escaped(&arguments.join(" ")),
    ))
}

/// One word of a command line, as `CommandLineToArgvW` takes it apart.
pub(super) fn quoted(word: &str) -> String {
    if !word.is_empty() && !word.contains([' ', '\t', '"']) {
        return word.to_owned();
    }
    let (mut quoted, mut slashes) = (String::from("\""), 0);
    for c in word.chars() {
        match c {
            '\\' => slashes += 1,
            '"' => quoted.push_str(&"\\".repeat(slashes + 1)),
            _ => {}
        }
        if c != '\\' {
            slashes = 0;
        }
        quoted.push(c);
    }
    quoted.push_str(&"\\".repeat(slashes));
    quoted.push('"');
    quoted
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_windows_takes_them_apart() {
        assert_eq!(quoted("--all-due"), "--all-due");
        assert_eq!(quoted(r"C:\card.p12"), r"C:\card.p12");
        assert_eq!(quoted(r"pkcs12:C:\a b\"), r#""pkcs12:C:\a b\\""#);
        assert_eq!(quoted(r#"a\"b"#), r#""a\\\"b""#);
        assert_eq!(quoted(""), "\"\"");
    }

    #[test]
    fn a_task_names_whose_login_it_waits_for() {
        let plan = Plan {
            site: None,
            program: r"C:\Users\R&D\tegata-app.exe".into(),
            arguments: vec!["renew".to_owned()],
            description: "電子証明書の自動更新".to_owned(),
        };
        let task = xml(&plan, Some(r"BANK\taro")).unwrap();
        assert!(task.contains(r"<UserId>BANK\taro</UserId>"), "{task}");
        assert!(task.contains(r#"<Command>"C:\Users\R&amp;D\tegata-app.exe"</Command>"#), "{task}");
        assert!(task.contains("<Arguments>renew --spread 4</Arguments>"), "{task}");
        assert!(!xml(&plan, None).unwrap().contains("LogonTrigger"));
    }
}
