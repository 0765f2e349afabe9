extension PrivateServers {
  /// Starts Postgres so that it finds the rules of another zone under a zone's name, as after an update of its zone
  /// data.
  ///
  /// Nobody else sees that: the file is there for this server alone.
  ///
  /// - Parameters:
  ///   - rules: whose rules it finds, for example `Etc/GMT-1`.
  ///   - zone: under which name, for example `Europe/Berlin`.
  package func startPostgres(findingRulesOf rules: String, as zone: String) throws {
    try shell(
      """
      zones=$($ONESHOT_PG_BIN/pg_config --sharedir)/timezone
      [ -d "$zones" ] || zones=/usr/share/zoneinfo
      export zones
      unshare -m --propagation private sh -ec '
        mount --bind "$zones/\(rules)" "$zones/\(zone)"
        $ONESHOT_PG_CTL -w -l "$ONESHOT_SERVERS/postgres.log" -o "$(cat "$ONESHOT_SERVERS/postgres.options")" start'
      """)
  }
}
