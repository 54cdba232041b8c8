//! A thousand seats live 410 days: each gets exactly the reminders it should, and none twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::{HashMap, HashSet};

use common::{MailServer, World, request};
use jiff::SignedDuration;
use tegata_domain::Reason;
use tegata_registrar::{Actor, Delivery, NewSeat, StatusChange, Target};

const SEATS: u16 = 1_000;
const DAYS: i64 = 410;

/// Seats get their certificates over so many days.
const START: usize = 40;

fn operator() -> Actor {
    Actor::Operator("test".to_owned())
}

impl World {
    async fn change_seat(&self, seat: &NewSeat, change: StatusChange) {
        let target = Target::UserId(seat.user_id.clone());
        self.registrar.change_status(operator(), self.service.id, target, change).await.unwrap();
    }

    async fn enrolled(&self, seat: &NewSeat) {
        let password = seat.password.reveal();
        self.enroll_as(seat.user_id.as_str(), &password, &request()).await.unwrap();
    }
}

#[tokio::test]
async fn a_year_of_a_thousand_seats() {
    let world = World::new().await;
    let company = world.registrar.company(world.service.id, &"CMSM950-006".parse().unwrap());
    let policy = world.service.credential;
    let added = world.registrar.add_seats(operator(), company.unwrap(), SEATS, policy).await;
    let seats = added.unwrap();
    let server = MailServer::new(Delivery::Accepted);
    let (mut reminders, mut seen) = (HashMap::<String, usize>::new(), HashSet::new());
    for day in 0..DAYS {
        for (number, seat) in seats.iter().enumerate() {
            let begins = (number % START) as i64;
            // What each fifth of them does; the rest lets its certificates expire.
            match (number % 5, day) {
                (_, day) if day == begins => world.enrolled(seat).await,
                (1, day) if day == begins + 345 => {
                    let (id, user_id) = (world.service.id, seat.user_id.clone());
                    let reset = world.registrar.reset(operator(), id, user_id, policy).await;
                    world.enrolled(&reset.unwrap()).await;
                }
                (2 | 4, 100) => world.change_seat(seat, StatusChange::Hold).await,
                (3, 100) => {
                    world.change_seat(seat, StatusChange::Revoke(Reason::Unspecified)).await
                }
                (4, 350) => world.change_seat(seat, StatusChange::Release).await,
                _ => {}
            }
        }
        world.registrar.remind().await.unwrap();
        // The mail server is away from time to time, for three days in a row.
        if day % 50 >= 3 {
            while world.registrar.send_mails(&server).await.unwrap() > 0 {}
        }
        for letter in server.received() {
            assert!(seen.insert(letter.message_id.to_string()), "twice: {}", letter.subject);
            if letter.subject.as_str().contains("電子証明書の有効期限は") {
                let line = letter.body.lines().find(|line| line.starts_with("利用者ID")).unwrap();
                *reminders.entry(line.replace("利用者ID： ", "")).or_default() += 1;
            }
        }
        world.clock.turn(SignedDuration::from_hours(24));
    }
    for (number, seat) in seats.iter().enumerate() {
        // 0 and 4 (released 15 days before the end at the latest): 30 and 7 days before.
        // 1: 30 days before, and then it has another one. 2 and 3 are not live.
        let wanted = [2, 1, 0, 0, 2][number % 5];
        let had = reminders.get(seat.user_id.as_str()).copied().unwrap_or(0);
        assert_eq!(had, wanted, "seat {number}, {}", seat.user_id);
    }
    assert_eq!(reminders.values().sum::<usize>(), 1_000);
}
