use serde_json::Value;

use crate::arrived::compare;
use crate::backend::World;
use crate::customer::Customers;

#[tokio::test]
async fn while_kafka_is_away_orders_are_taken_and_go_out_later() {
    let kafka = devstack::private_kafka().await.unwrap();
    let world = World::on(
        devstack::shared_postgres().await,
        kafka.brokers(),
        devstack::shared_mongodb().await.uri(),
    )
    .await;
    let _backend = world.start();
    world.wait_until_ready().await;
    let customers = Customers::start(&world, 2);
    customers.wait_for_more(50).await;

    kafka.stop().await.unwrap();
    world.wait_until_away("kafka").await;
    customers.wait_for_more(50).await;

    kafka.start().await.unwrap();
    customers.wait_for_more(50).await;
    kafka.kill().unwrap();
    customers.wait_for_more(50).await;
    kafka.start().await.unwrap();
    world.wait_until_ready().await;
    let promised = customers.leave().await;
    println!("Kafka away twice: {}", compare(&world, &promised).await);
}

#[tokio::test]
async fn servers_that_are_still_starting_are_waited_for_by_migrate() {
    let kafka = devstack::private_kafka().await.unwrap();
    let world = World::on(
        devstack::shared_postgres().await,
        kafka.brokers(),
        devstack::shared_mongodb().await.uri(),
    )
    .await;
    kafka.kill().unwrap();
    let impatient = world.orders("migrate").args(["--patience", "0"]).output();
    let impatient = impatient.unwrap();
    let said = String::from_utf8_lossy(&impatient.stderr);
    assert!(!impatient.status.success(), "{said}");
    assert!(said.contains(&format!("topic {}", world.topic)), "{said}");
    let mut patient = world.orders("migrate").spawn().unwrap();
    kafka.start().await.unwrap();
    assert!(patient.wait().unwrap().success());
}

#[tokio::test]
async fn while_mongodb_is_away_orders_are_taken_and_queries_say_so() {
    let mongodb = devstack::private_mongodb().await.unwrap();
    let world = World::on(
        devstack::shared_postgres().await,
        devstack::shared_kafka().await.brokers(),
        mongodb.uri(),
    )
    .await;
    let _backend = world.start();
    world.wait_until_ready().await;
    let customers = Customers::start(&world, 2);
    customers.wait_for_more(50).await;

    mongodb.stop().await.unwrap();
    world.wait_until_away("mongodb").await;
    let answer = reqwest::get(format!("{}/api/orders", world.queries()))
        .await
        .unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/unavailable");
    customers.wait_for_more(50).await;

    mongodb.start().await.unwrap();
    customers.wait_for_more(50).await;
    mongodb.kill().unwrap();
    customers.wait_for_more(50).await;
    mongodb.start().await.unwrap();
    world.wait_until_ready().await;
    let promised = customers.leave().await;
    println!("MongoDB away twice: {}", compare(&world, &promised).await);
}

#[tokio::test]
async fn while_postgres_is_away_commands_are_refused_and_nothing_is_lost() {
    let postgres = devstack::private_postgres().await.unwrap();
    let world = World::on(
        &postgres,
        devstack::shared_kafka().await.brokers(),
        devstack::shared_mongodb().await.uri(),
    )
    .await;
    let _backend = world.start();
    world.wait_until_ready().await;
    let customers = Customers::start(&world, 4);
    for _ in 0..3 {
        customers.wait_for_more(50).await;
        postgres.kill().unwrap();
        world.wait_until_away("postgres").await;
        postgres.start().await.unwrap();
        world.wait_until_ready().await;
    }
    customers.wait_for_more(50).await;
    let promised = customers.leave().await;
    println!(
        "Postgres killed three times: {}",
        compare(&world, &promised).await
    );
}
