use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Challenge, ProxyAsk, ProxyPerson, Scheme};
use crate::error::plain;
use crate::proxy::{Account, ProxyAddress};

/// How often a person is asked for one connection. Windows networks commonly lock an account at
/// five wrong passwords; two stay for the person.
const MAX_ASKED: u8 = 3;

/// Names and passwords of this session, by proxy. In memory only.
#[derive(Default)]
pub(in crate::proxy) struct Known(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// With the scheme in which the proxy took it; none yet for one of the environment.
    accounts: HashMap<ProxyAddress, (Account, Option<Scheme>)>,
    offered: HashSet<ProxyAddress>,
}

impl Known {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A thread that panicked while it held this left whole values behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up an account that stands in the environment: once, so that it does not come back
    /// after the proxy refused it.
    pub(in crate::proxy) fn offer(&self, proxy: &ProxyAddress, account: Account) {
        let mut inner = self.inner();
        if inner.offered.insert(proxy.clone()) {
            inner.accounts.entry(proxy.clone()).or_insert((account, None));
        }
    }

    /// The account for a proxy, unless it was given for a scheme that keeps the password and this
    /// one tells it: whoever answers in the proxy's place could ask for it so.
    fn of(&self, proxy: &ProxyAddress, scheme: Scheme) -> Option<Account> {
        let (account, given_for) = self.inner().accounts.get(proxy).cloned()?;
        let tells = scheme == Scheme::Basic && given_for.is_some_and(|given| given != scheme);
        (!tells).then_some(account)
    }

    fn keep(&self, proxy: &ProxyAddress, account: Account, scheme: Scheme) {
        self.inner().accounts.insert(proxy.clone(), (account, Some(scheme)));
    }

    fn forget(&self, proxy: &ProxyAddress) {
        self.inner().accounts.remove(proxy);
    }
}

/// What is tried next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::proxy) enum Try {
    /// As whoever is signed in to this PC.
    SignedIn(Scheme),
    /// With a name and a password.
    As(Scheme, Account),
}

/// What this system can speak.
#[derive(Clone, Copy, Debug)]
pub(in crate::proxy) struct Abilities {
    /// Schemes in which it can prove who is signed in, strongest first.
    pub(in crate::proxy) signed_in: &'static [Scheme],
    /// Schemes in which it can use a password, strongest first.
    pub(in crate::proxy) password: &'static [Scheme],
}

impl Abilities {
    /// Those of the system that this program runs on.
    pub(in crate::proxy) fn here() -> Self {
        use Scheme::{Basic, Negotiate, Ntlm};
        if cfg!(windows) {
            Self { signed_in: &[Negotiate, Ntlm], password: &[Negotiate, Ntlm, Basic] }
        } else {
            // Negotiate is spoken as NTLM only; a proxy that offers it besides Basic alone most
            // likely means Kerberos, and a wrong try would count against the account.
            Self { signed_in: &[], password: &[Ntlm, Basic, Negotiate] }
        }
    }
}

/// The tries for one connection: who is signed in, the account of this session, then a person at
/// most three times; no password twice.
pub(in crate::proxy) struct Plan<'a> {
    proxy: &'a ProxyAddress,
    known: &'a Known,
    person: &'a dyn ProxyPerson,
    abilities: Abilities,
    was_signed_in_tried: bool,
    was_known_tried: bool,
    asked: u8,
    refused: Vec<Account>,
}

impl<'a> Plan<'a> {
    pub(in crate::proxy) fn new(
        proxy: &'a ProxyAddress,
        known: &'a Known,
        person: &'a dyn ProxyPerson,
        abilities: Abilities,
    ) -> Self {
        Self {
            proxy,
            known,
            person,
            abilities,
            was_signed_in_tried: false,
            was_known_tried: false,
            asked: 0,
            refused: Vec::new(),
        }
    }

    /// The next try, after the proxy offered this; `None` when nothing is left.
    pub(in crate::proxy) fn next(&mut self, offered: &[Challenge]) -> Option<Try> {
        let strongest = |schemes: &[Scheme]| {
            let is_offered = |scheme: &&Scheme| offered.iter().any(|c| c.scheme == Some(**scheme));
            schemes.iter().find(is_offered).copied()
        };
        if !std::mem::replace(&mut self.was_signed_in_tried, true)
            && let Some(scheme) = strongest(self.abilities.signed_in)
        {
            return Some(Try::SignedIn(scheme));
        }
        let scheme = strongest(self.abilities.password)?;
        if !std::mem::replace(&mut self.was_known_tried, true)
            && let Some(account) = self.known.of(self.proxy, scheme)
        {
            return Some(Try::As(scheme, account));
        }
        while self.asked < MAX_ASKED {
            self.asked += 1;
            let realms = offered.iter().filter(|challenge| challenge.scheme == Some(scheme));
            let mut realms = realms.chain(offered).filter_map(|c| c.realm.as_deref());
            let realm = realms.next().map(plain);
            let (realm, attempt) = (realm.as_deref(), self.asked);
            let ask = ProxyAsk { proxy: self.proxy, realm, scheme, attempt };
            let account = self.person.account(&ask)?;
            // What was refused is not sent again: it would count against the account.
            if !self.refused.contains(&account) {
                return Some(Try::As(scheme, account));
            }
        }
        None
    }

    /// The proxy let this try pass: its account is good for the session.
    pub(in crate::proxy) fn passed(&self, tried: Try) {
        if let Try::As(scheme, account) = tried {
            self.known.keep(self.proxy, account, scheme);
        }
    }

    /// The proxy refused this try.
    pub(in crate::proxy) fn refused(&mut self, tried: Try) {
        if let Try::As(_, account) = tried {
            self.known.forget(self.proxy);
            self.refused.push(account);
        }
    }

    /// How many passwords were refused.
    pub(in crate::proxy) fn refusals(&self) -> usize {
        self.refused.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use zeroize::Zeroizing;

    use super::*;

    const WINDOWS: Abilities = Abilities {
        signed_in: &[Scheme::Negotiate, Scheme::Ntlm],
        password: &[Scheme::Negotiate, Scheme::Ntlm, Scheme::Basic],
    };
    const OTHERS: Abilities =
        Abilities { signed_in: &[], password: &[Scheme::Ntlm, Scheme::Basic, Scheme::Negotiate] };

    /// Says these accounts one after the other, and notes what it was asked.
    struct Says(Mutex<VecDeque<Account>>, Mutex<Vec<(u8, Scheme, Option<String>)>>);

    impl Says {
        fn these(passwords: &[&str]) -> Self {
            Self(
                passwords.iter().map(|password| account(password)).collect::<VecDeque<_>>().into(),
                Mutex::default(),
            )
        }
    }

    impl ProxyPerson for Says {
        fn account(&self, ask: &ProxyAsk<'_>) -> Option<Account> {
            let realm = ask.realm.map(str::to_owned);
            self.1.lock().unwrap().push((ask.attempt, ask.scheme, realm));
            self.0.lock().unwrap().pop_front()
        }
    }

    fn account(password: &str) -> Account {
        Account::new("taro", Zeroizing::new(password.to_owned()))
    }

    fn proxy() -> ProxyAddress {
        "proxy.example.jp:8080".parse().unwrap()
    }

    fn offers(header: &str) -> Vec<Challenge> {
        super::super::challenges([header.as_bytes()])
    }

    /// Everything that is tried when all of it is refused.
    fn tries(plan: &mut Plan<'_>, offered: &str) -> Vec<Try> {
        let mut tries = Vec::new();
        while let Some(next) = plan.next(&offers(offered)) {
            plan.refused(next.clone());
            tries.push(next);
        }
        tries
    }

    #[test]
    fn who_is_signed_in_comes_first_and_a_person_last() {
        let (proxy, known, person) = (proxy(), Known::default(), Says::these(&["a", "b"]));
        known.offer(&proxy, account("environment"));
        let mut plan = Plan::new(&proxy, &known, &person, WINDOWS);
        let tried = tries(&mut plan, "NTLM, Basic realm=\"Head office\", Negotiate");
        let strongest = Scheme::Negotiate;
        assert_eq!(
            tried,
            [
                Try::SignedIn(strongest),
                Try::As(strongest, account("environment")),
                Try::As(strongest, account("a")),
                Try::As(strongest, account("b")),
            ]
        );
        assert_eq!(plan.refusals(), 3);
        let asked = person.1.lock().unwrap();
        let realm = Some("Head office".to_owned());
        assert_eq!(*asked, [1, 2, 3].map(|attempt| (attempt, strongest, realm.clone())));
    }

    #[test]
    fn nobody_is_asked_more_than_three_times_and_no_password_sent_twice() {
        let (proxy, known) = (proxy(), Known::default());
        for (says, sent) in [
            (&["a", "b", "c", "d"][..], &["a", "b", "c"][..]),
            (&["a", "a", "a", "a"], &["a"]),
            (&["a", "b", "a"], &["a", "b"]),
            (&["a"], &["a"]),
            (&[], &[]),
        ] {
            let person = Says::these(says);
            let tried = tries(&mut Plan::new(&proxy, &known, &person, OTHERS), "Basic realm=x");
            let sent: Vec<_> = sent.iter().map(|p| Try::As(Scheme::Basic, account(p))).collect();
            assert_eq!(tried, sent, "{says:?}");
            assert!(person.1.lock().unwrap().len() <= 3);
        }
    }

    #[test]
    fn a_good_account_is_remembered_until_it_is_refused() {
        let (proxy, known, person) = (proxy(), Known::default(), Says::these(&["good"]));
        let mut plan = Plan::new(&proxy, &known, &person, OTHERS);
        let first = plan.next(&offers("NTLM")).unwrap();
        plan.passed(first.clone());
        let mut again = Plan::new(&proxy, &known, &person, OTHERS);
        assert_eq!(again.next(&offers("NTLM")), Some(first.clone()));
        assert_eq!(person.1.lock().unwrap().len(), 1, "asked once only");
        again.refused(first);
        let other = "other.example.jp:8080".parse().unwrap();
        for proxy in [&proxy, &other] {
            assert_eq!(
                Plan::new(proxy, &known, &Says::these(&[]), OTHERS).next(&offers("NTLM")),
                None
            );
        }
    }

    #[test]
    fn a_password_given_for_ntlm_is_not_told_to_a_proxy_that_offers_basic_later() {
        let (proxy, known, person) = (proxy(), Known::default(), Says::these(&["kept", "told"]));
        let mut plan = Plan::new(&proxy, &known, &person, OTHERS);
        let first = plan.next(&offers("NTLM, Basic realm=x")).unwrap();
        plan.passed(first);
        let mut later = Plan::new(&proxy, &known, &person, OTHERS);
        let next = later.next(&offers("Basic realm=x"));
        assert_eq!(next, Some(Try::As(Scheme::Basic, account("told"))));
        let asked: Vec<_> = person.1.lock().unwrap().iter().map(|asked| asked.1).collect();
        assert_eq!(asked, [Scheme::Ntlm, Scheme::Basic], "the person is asked anew");
        // And whoever was told already keeps nothing from a stronger scheme.
        later.passed(next.unwrap());
        let mut again = Plan::new(&proxy, &known, &person, OTHERS);
        let stronger = again.next(&offers("NTLM, Basic realm=x"));
        assert_eq!(stronger, Some(Try::As(Scheme::Ntlm, account("told"))));
    }

    #[test]
    fn a_realm_is_asked_with_as_plain_text() {
        let (proxy, known, person) = (proxy(), Known::default(), Says::these(&[]));
        let offered = Challenge {
            realm: Some("off\u{202e}ice\u{1b}[1m".to_owned()),
            ..offers("Basic realm=x").remove(0)
        };
        Plan::new(&proxy, &known, &person, OTHERS).next(&[offered]);
        assert_eq!(person.1.lock().unwrap()[0].2.as_deref(), Some("office[1m"));
    }

    #[test]
    fn what_the_environment_says_is_not_offered_again_after_a_refusal() {
        let (proxy, known, person) = (proxy(), Known::default(), Says::these(&[]));
        for sent in [1, 0] {
            known.offer(&proxy, account("environment"));
            let tried = tries(&mut Plan::new(&proxy, &known, &person, OTHERS), "Basic realm=x");
            assert_eq!(tried.len(), sent);
        }
    }

    #[test]
    fn basic_only_when_nothing_better_can_be_spoken() {
        let (proxy, known) = (proxy(), Known::default());
        for (abilities, offered, scheme) in [
            (OTHERS, "Basic realm=x, NTLM, Negotiate", Some(Scheme::Ntlm)),
            (OTHERS, "Negotiate, Basic realm=x", Some(Scheme::Basic)),
            (OTHERS, "Negotiate", Some(Scheme::Negotiate)),
            (OTHERS, "Digest realm=x, Bearer", None),
            (OTHERS, "", None),
            (WINDOWS, "Basic realm=x", Some(Scheme::Basic)),
        ] {
            let person = Says::these(&["a"]);
            let next = Plan::new(&proxy, &known, &person, abilities).next(&offers(offered));
            assert_eq!(next, scheme.map(|scheme| Try::As(scheme, account("a"))), "{offered}");
        }
    }
}
