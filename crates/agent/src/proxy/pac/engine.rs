use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use jiff::Zoned;
use rquickjs::context::intrinsic::{Date, Eval, Json, MapSet, RegExp, RegExpCompiler};
use rquickjs::function::{Opt, Rest};
use rquickjs::{Coerced, Context, Ctx, Function, Runtime};

use super::{Names, functions, range};

/// What a script may use up.
#[derive(Clone, Copy, Debug)]
pub(in crate::proxy) struct Limits {
    /// Longest time of one answer, names being looked up included.
    pub(in crate::proxy) time: Duration,
    /// Most memory, in octets, beside eight times the length of the script.
    pub(in crate::proxy) memory: usize,
    /// Most names that are looked up for one answer.
    pub(in crate::proxy) lookups: u32,
}

impl Default for Limits {
    /// Real scripts take milliseconds and less than a mebioctet.
    fn default() -> Self {
        Self { time: Duration::from_secs(5), memory: 4 * 1024 * 1024, lookups: 32 }
    }
}

/// Deepest stack of a script, in octets. A thread of ours has at least 2 MiB.
const STACK: usize = 256 * 1024;

/// Longest answer of a script, in octets. Sixteen proxies with long names fit many times.
const MAX_ANSWER: usize = 16 * 1024;

/// Why a script gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::proxy) enum ScriptError {
    /// It took longer than it may.
    #[error("the script takes too long")]
    TooLong,
    /// It is no script, or it failed; what the engine said.
    #[error("the script failed: {0}")]
    Failed(String),
}

/// A script as it was fetched.
#[derive(Clone, Debug)]
pub(in crate::proxy) struct Script(String);

impl Script {
    /// Takes the octets of a script: UTF-8, otherwise each octet a character (ISO 8859-1), as
    /// browsers do.
    pub(in crate::proxy) fn new(octets: &[u8]) -> Self {
        let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
        Self(match std::str::from_utf8(octets) {
            Ok(text) => text.to_owned(),
            Err(_) => octets.iter().copied().map(char::from).collect(),
        })
    }

    /// What `FindProxyForURL` answers for an address.
    ///
    /// # Errors
    /// When it takes too long or too much, fails, or does not answer with a text.
    pub(in crate::proxy) fn ask(
        &self,
        url: &str,
        host: &str,
        now: &Zoned,
        names: Arc<dyn Names>,
        limits: Limits,
    ) -> Result<String, ScriptError> {
        let (says, said) = channel();
        let (script, url, host) = (self.clone(), url.to_owned(), host.to_owned());
        let now = now.clone();
        // The engine looks at the time between its steps only, and one step can take long: it is
        // left alone then, and ends at its next look.
        let thread = std::thread::Builder::new().name("proxy script".to_owned());
        let run = move || {
            // Nobody listens any more when it took too long.
            let _ = says.send(script.run(&url, &host, &now, names, limits));
        };
        thread.spawn(run).map_err(|error| ScriptError::Failed(error.to_string()))?;
        match said.recv_timeout(limits.time) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(ScriptError::TooLong),
            Err(RecvTimeoutError::Disconnected) => {
                Err(ScriptError::Failed("the engine stopped".to_owned()))
            }
        }
    }

    /// Runs it on this thread.
    fn run(
        &self,
        url: &str,
        host: &str,
        now: &Zoned,
        names: Arc<dyn Names>,
        limits: Limits,
    ) -> Result<String, ScriptError> {
        let failed = |error: rquickjs::Error| ScriptError::Failed(error.to_string());
        let runtime = Runtime::new().map_err(failed)?;
        runtime.set_memory_limit(limits.memory + 8 * self.0.len());
        runtime.set_max_stack_size(STACK);
        let began = Instant::now();
        runtime.set_interrupt_handler(Some(Box::new(move || began.elapsed() > limits.time)));
        // The language, without modules, workers, files or network: those are no part of it.
        let context =
            Context::custom::<(Date, Eval, RegExpCompiler, RegExp, Json, MapSet)>(&runtime)
                .map_err(failed)?;
        context.with(|ctx| {
            let told = |error| match error {
                _ if began.elapsed() > limits.time => ScriptError::TooLong,
                rquickjs::Error::Exception => ScriptError::Failed(exception(&ctx)),
                other => failed(other),
            };
            let lookups = Lookups { names, left: AtomicU32::new(limits.lookups), began, limits };
            define(&ctx, Arc::new(lookups), now).map_err(told)?;
            ctx.eval::<(), _>(self.0.as_str()).map_err(told)?;
            let find: Function<'_> = ctx.globals().get("FindProxyForURL").map_err(told)?;
            let answer: rquickjs::Value<'_> = find.call((url, host)).map_err(told)?;
            let answer =
                answer.as_string().map(|text| text.to_string()).transpose().map_err(told)?;
            match answer {
                Some(answer) if answer.len() <= MAX_ANSWER => Ok(answer),
                Some(_) => Err(ScriptError::Failed("the answer is too long".to_owned())),
                None => Err(ScriptError::Failed("the answer is no text".to_owned())),
            }
        })
    }
}

/// What the script threw, as a text.
fn exception(ctx: &Ctx<'_>) -> String {
    let thrown = ctx.catch();
    match thrown.as_exception().and_then(rquickjs::Exception::message) {
        Some(message) => message.chars().take(200).collect(),
        None => "exception".to_owned(),
    }
}

/// Name look-ups of one answer: so many, and none after the time is over.
struct Lookups {
    names: Arc<dyn Names>,
    left: AtomicU32,
    began: Instant,
    limits: Limits,
}

impl Lookups {
    /// Ends a call of the script once the time is over.
    fn in_time(&self, ctx: &Ctx<'_>) -> rquickjs::Result<()> {
        match self.began.elapsed() < self.limits.time {
            true => Ok(()),
            false => Err(rquickjs::Exception::throw_message(ctx, "out of time")),
        }
    }
}

impl Names for Lookups {
    fn addresses(&self, host: &str) -> Vec<std::net::IpAddr> {
        let take = |left: u32| left.checked_sub(1);
        let is_left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if is_left && self.began.elapsed() < self.limits.time {
            self.names.addresses(host)
        } else {
            Vec::new()
        }
    }

    fn own_address(&self) -> Option<std::net::IpAddr> {
        self.names.own_address()
    }
}

/// A text, whatever the script passed; what is left out reads as empty.
type Text = Opt<Coerced<String>>;

fn text(argument: Text) -> String {
    argument.0.map(|Coerced(text)| text).unwrap_or_default()
}

/// Puts the functions that a script may call into its world.
fn define<'js>(ctx: &Ctx<'js>, names: Arc<Lookups>, now: &Zoned) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    let set = |name: &str, function: rquickjs::Result<Function<'js>>| globals.set(name, function?);
    let of_two = |function: fn(&str, &str) -> bool| {
        let names = names.clone();
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, a: Text, b: Text| {
            names.in_time(&ctx)?;
            rquickjs::Result::Ok(function(&text(a), &text(b)))
        })
    };
    let of_now = |function: fn(&[String], &Zoned) -> bool| {
        let (now, names) = (now.clone(), names.clone());
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, arguments: Rest<Coerced<String>>| {
            names.in_time(&ctx)?;
            let given = arguments.0.into_iter().take(8).map(|Coerced(text)| text);
            // Browsers' scripts pad with `undefined` when they hand arguments on.
            let given: Vec<_> = given.filter(|text| text != "undefined").collect();
            rquickjs::Result::Ok(function(&given, &now))
        })
    };
    set("dnsDomainIs", of_two(functions::is_in_domain))?;
    set("localHostOrDomainIs", of_two(functions::is_local_or_domain))?;
    set("shExpMatch", of_two(|text, pattern| functions::glob(pattern, text)))?;
    set(
        "isPlainHostName",
        Function::new(ctx.clone(), |host: Text| functions::is_plain(&text(host))),
    )?;
    set("dnsDomainLevels", {
        Function::new(ctx.clone(), |host: Text| functions::levels(&text(host)) as f64)
    })?;
    set("dnsResolve", {
        let names = names.clone();
        Function::new(ctx.clone(), move |host: Text| {
            functions::resolve(&text(host), &*names).map(|address| address.to_string())
        })
    })?;
    set("isResolvable", {
        let names = names.clone();
        Function::new(ctx.clone(), move |host: Text| {
            functions::resolve(&text(host), &*names).is_some()
        })
    })?;
    set("isInNet", {
        let names = names.clone();
        Function::new(ctx.clone(), move |host: Text, net: Text, mask: Text| {
            functions::is_in_net(&text(host), &text(net), &text(mask), &*names)
        })
    })?;
    set("myIpAddress", {
        let names = names.clone();
        Function::new(ctx.clone(), move || functions::own_address(&*names))
    })?;
    set("weekdayRange", of_now(range::weekday))?;
    set("dateRange", of_now(range::date))?;
    set("timeRange", of_now(range::time))?;
    // Scripts call it for debugging; nobody is there to read it.
    set("alert", Function::new(ctx.clone(), |_: Rest<rquickjs::Value<'js>>| ()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FixedNames;

    fn ask(script: &str) -> Result<String, ScriptError> {
        let names = FixedNames::of(&[("www.example.jp", "192.0.2.7")]);
        let limits = Limits { time: Duration::from_millis(300), ..Limits::default() };
        let now = "2026-03-02T08:00[Asia/Tokyo]".parse().unwrap();
        let (url, host) = ("https://issue.example.jp/", "issue.example.jp");
        Script::new(script.as_bytes()).ask(url, host, &now, Arc::new(names), limits)
    }

    fn expression(expression: &str) -> String {
        ask(&format!("function FindProxyForURL(url, host) {{ return String({expression}); }}"))
            .unwrap()
    }

    #[test]
    fn a_script_as_companies_have_them() {
        let script = r#"
            // Everything inside directly, the rest by the proxy of the floor.
            var floors = { "10.1.0.0": "PROXY floor1.example.jp:8080" };
            function FindProxyForURL(url, host) {
                if (isPlainHostName(host) || dnsDomainIs(host, ".local")) return "DIRECT";
                if (/^https:\/\/issue\./.test(url) && shExpMatch(host, "*.example.jp"))
                    return "PROXY a.example.jp:8080; PROXY b.example.jp:8080; DIRECT";
                for (var net in floors) if (isInNet(myIpAddress(), net, "255.255.0.0")) return floors[net];
                return "DIRECT";
            }"#;
        let answer = ask(script).unwrap();
        assert_eq!(answer, "PROXY a.example.jp:8080; PROXY b.example.jp:8080; DIRECT");
    }

    #[test]
    fn every_function_is_there() {
        for (call, said) in [
            ("isPlainHostName('www')", "true"),
            ("dnsDomainIs('www.example.jp', '.example.jp')", "true"),
            ("localHostOrDomainIs('www', 'www.example.jp')", "true"),
            ("isResolvable('www.example.jp')", "true"),
            ("isResolvable('unknown.example.jp')", "false"),
            ("isInNet('www.example.jp', '192.0.2.0', '255.255.255.0')", "true"),
            ("dnsResolve('www.example.jp')", "192.0.2.7"),
            ("dnsResolve('unknown.example.jp') || 'nothing'", "nothing"),
            ("myIpAddress()", "127.0.0.1"),
            ("dnsDomainLevels('www.example.jp') + 1", "3"),
            ("shExpMatch('www.example.jp', '*.example.*')", "true"),
            ("weekdayRange('MON', 'FRI')", "true"),
            ("weekdayRange('SUN', 'GMT')", "true"),
            ("weekdayRange('TUE', undefined)", "false"),
            ("dateRange(1, 'MAR', 3, 'MAR')", "true"),
            ("timeRange(8)", "true"),
            ("timeRange(9, 17)", "false"),
            ("typeof alert('x')", "undefined"),
            ("isPlainHostName()", "true"),
        ] {
            assert_eq!(expression(call), said, "{call}");
        }
    }

    #[test]
    fn nothing_else_is_there() {
        for name in
            ["require", "process", "fetch", "XMLHttpRequest", "std", "os", "setTimeout", "load"]
        {
            assert_eq!(expression(&format!("typeof {name}")), "undefined", "{name}");
        }
        let import = "function FindProxyForURL() { return import('/etc/passwd').toString(); }";
        assert!(!ask(import).unwrap_or_default().contains("root:"));
    }

    #[test]
    fn an_endless_loop_ends() {
        for script in [
            "for (;;) ;",
            "function FindProxyForURL() { while (true) {} }",
            "function FindProxyForURL() { for (;;) { try { for (;;) ; } catch (e) {} } }",
            "function FindProxyForURL() { return /(a+)+$/.test('a'.repeat(40) + 'b') ? '' : ''; }",
        ] {
            assert_eq!(ask(script), Err(ScriptError::TooLong), "{script}");
        }
    }

    #[test]
    fn what_the_engine_does_in_one_step_keeps_nobody_waiting() {
        for body in [
            "for (var i = 0; i < 1e9; i++) dnsDomainIs('a'.padEnd(8e6), 'b');",
            "for (var i = 0; i < 1e9; i++) dnsDomainIs('a'.padEnd(1e6), 'b');",
            "for (var i = 0; i < 1e5; i++) new Array(1e5).join('a');",
            "for (var i = 0; i < 1e5; i++) try { 'a'.padEnd(1e6).indexOf('b'); } catch (e) {}",
        ] {
            let began = Instant::now();
            let answer = ask(&format!("function FindProxyForURL() {{ {body} return 'DIRECT'; }}"));
            assert!(answer.is_err(), "{body}");
            // The limit is 0.3 s; the rest is for a busy machine.
            assert!(began.elapsed() < Duration::from_secs(3), "{body}: {:?}", began.elapsed());
        }
    }

    #[test]
    fn a_long_script_has_room() {
        let list: String = (0..20_000).map(|i| format!("'host{i}.example.jp': 1,\n")).collect();
        let script = format!(
            "var list = {{{list}}}; function FindProxyForURL() {{ return list['host7.example.jp'] ? 'DIRECT' : ''; }}"
        );
        let names: Arc<dyn Names> = Arc::new(FixedNames::of(&[]));
        let now: Zoned = "2026-03-02T08:00[Asia/Tokyo]".parse().unwrap();
        let answer = Script::new(script.as_bytes()).ask("", "", &now, names, Limits::default());
        assert_eq!(answer.as_deref(), Ok("DIRECT"));
    }

    #[test]
    fn memory_and_stack_end() {
        for script in [
            "function FindProxyForURL() { var a = 'x'; for (;;) a += a; }",
            "function FindProxyForURL() { var a = []; for (;;) a.push(new Array(100000).join('x')); }",
            "function FindProxyForURL() { return FindProxyForURL(); }",
            "function FindProxyForURL() { return 'x'.repeat(100000); }",
        ] {
            assert!(
                matches!(ask(script), Err(ScriptError::Failed(_) | ScriptError::TooLong)),
                "{script}"
            );
        }
    }

    #[test]
    fn what_is_no_script_fails() {
        for script in [
            "",
            "<html>Not found</html>",
            "function FindProxyForURL(url, host) { return 'DIRECT'",
            "function FindProxyForURL() { throw new Error('no'); }",
            "function FindProxyForURL() { throw 'no'; }",
            "function FindProxyForURL() { return nowhere(); }",
            "function FindProxyForURL() { return null; }",
            "function FindProxyForURL() { }",
            "function FindProxyForURL() { return { toString: function () { return 'DIRECT' } }; }",
            "var FindProxyForURL = 'DIRECT';",
            "\u{0}\u{1}\u{2}",
        ] {
            assert!(
                matches!(ask(script), Err(ScriptError::Failed(_))),
                "{script:?}: {:?}",
                ask(script)
            );
        }
    }

    #[test]
    fn names_are_looked_up_so_often_and_not_more() {
        let script = r#"function FindProxyForURL() {
            var n = 0;
            for (var i = 0; i < 100; i++) if (isResolvable("www.example.jp")) n++;
            return String(n);
        }"#;
        assert_eq!(ask(script).unwrap(), "32");
    }

    #[test]
    fn old_encodings_are_read() {
        let names: Arc<dyn Names> = Arc::new(FixedNames::of(&[]));
        let now: Zoned = "2026-03-02T08:00[Asia/Tokyo]".parse().unwrap();
        for octets in [
            &b"\xef\xbb\xbffunction FindProxyForURL() { return 'DIRECT'; }"[..],
            &b"// \x83v\x83\x8d\r\nfunction FindProxyForURL() { return 'DIRECT'; }"[..],
        ] {
            let answer = Script::new(octets).ask("", "", &now, names.clone(), Limits::default());
            assert_eq!(answer.as_deref(), Ok("DIRECT"));
        }
    }
}
