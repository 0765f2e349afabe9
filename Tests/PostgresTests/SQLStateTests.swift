import Testing

@testable import Postgres

@Suite struct SQLStateTests {
  @Test(arguments: [
    "08000", "08003", "08006", "08001", "08004", "53000", "53100", "53200", "53300", "57P01", "57P02", "57P03", "57P04",
    "57P05", "40001", "40P01", "55P03", "25P03",
  ])
  func `what passes by itself is transient`(state: String) {
    #expect(SQLState(rawValue: state).isTransient)
    #expect(!SQLState(rawValue: state).isDenied)
  }

  @Test(arguments: [
    "00000", "22001", "22P02", "23505", "23503", "25006", "25P02", "3D000", "3F000", "40002", "42601", "42P01", "42703",
    "54000", "57000", "57014", "58030", "XX000", "P0001", "28P01", "42501", "0A000",
  ])
  func `everything else is final`(state: String) {
    #expect(!SQLState(rawValue: state).isTransient)
  }

  @Test(arguments: ["28000", "28P01", "42501"])
  func `a refusal of who we are or what we may do is told apart`(state: String) {
    #expect(SQLState(rawValue: state).isDenied)
  }

  @Test(arguments: ["42P01", "3D000", "57P03", "23505"])
  func `other errors are no refusal`(state: String) {
    #expect(!SQLState(rawValue: state).isDenied)
  }

  @Test func `an error of the connection passes and one of the program does not`() {
    #expect(PostgresError.connection("x").isTransient)
    #expect(PostgresError.timedOut("x").isTransient)
    #expect(!PostgresError.cancelled.isTransient)
    #expect(!PostgresError.invalidStatement("x").isTransient)
    #expect(!PostgresError.decoding("x").isTransient)
    #expect(PostgresError.connection("x").state == nil)
  }

  @Test func `the state is read out of a refusal to connect`() {
    let refused = Refusal.read(
      """
      connection to server on socket "/tmp/x/.s.PGSQL.5432" failed: FATAL:  28P01: password authentication failed
      LOCATION:  auth_failed, auth.c:326
      """)
    #expect(refused.state?.rawValue == "28P01")
    #expect("\(refused)" == "Postgres: password authentication failed (SQLSTATE 28P01)")
    // As RDS Proxy says it, to which no session with settings of its own may lead.
    let proxy = Refusal.explained(
      Refusal.read(
        """
        connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  0A000: Feature not supported: RDS Proxy \
        currently doesn't support command-line options.
        """))
    guard case .misconfigured(let message, PostgresError.poolerHint) = proxy else {
      Issue.record("\(proxy)")
      return
    }
    #expect(message.contains("RDS Proxy currently") && message.contains("0A000"))
    let dead = Refusal.read("connection to server at \"localhost\", port 54321 failed: Connection refused")
    #expect(dead.isConnection)
    #expect(dead.isTransient)
  }
}
