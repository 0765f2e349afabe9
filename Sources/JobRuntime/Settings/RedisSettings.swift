package import Redis

/// `REDIS_URL`, and the files that TLS rests on. They are looked at now, so that a mistake shows before
/// anything is contacted.
package func redisAddress(from env: inout Environment, isRequired: Bool = true) -> RedisAddress? {
  var address: RedisAddress? = env.secret(
    "REDIS_URL", form: "redis://host:6379/0, rediss://… (TLS) or unix:///path", isRequired: isRequired,
    help: "Redis: user, password and database number may stand in it."
  ) { text in
    var problem = ""
    return RedisAddress(url: text, problem: &problem).map { .success($0) } ?? .failure(problem)
  }
  if let password = address?.password { env.conceal([password]) }

  let files = TLSContext.Files(
    authorities: env.optionalPath(
      TLSContext.FileError.Part.authorities.setting,
      help: "The authorities (PEM) that may have signed the certificate of Redis; without it the system's."),
    certificate: env.optionalPath(
      TLSContext.FileError.Part.certificate.setting,
      help: "This client's certificate (PEM, its chain after it), where Redis asks for one."),
    key: env.optionalPath(
      TLSContext.FileError.Part.key.setting, help: "The private key (PEM) of REDIS_CERT_FILE."))
  if address?.isEncrypted == true {
    do { address?.tls = try TLSContext(files) } catch { env.complain(error.part.setting, error.message) }
  } else if address != nil {
    let given: [(TLSContext.FileError.Part, String?)] = [
      (.authorities, files.authorities), (.certificate, files.certificate), (.key, files.key),
    ]
    for (part, path) in given where path != nil {
      env.complain(part.setting, "is set, but REDIS_URL does not ask for TLS; then it begins with rediss://")
    }
  }
  return address
}

extension TLSContext.FileError.Part {
  /// The setting that names the file.
  fileprivate var setting: String {
    switch self {
    case .authorities: "REDIS_CA_FILE"
    case .certificate: "REDIS_CERT_FILE"
    case .key: "REDIS_KEY_FILE"
    }
  }
}
