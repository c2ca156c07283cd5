namespace Dfss.Protocol;

/// <summary>
/// The operations of protocol version 1, by their names on the wire. A name is never reused for another operation.
/// </summary>
internal static class Operations
{
    public const string Hello = "hello";
    public const string Ping = "ping";
    public const string StoreChunk = "store_chunk";
    public const string StoreChunks = "store_chunks";
    public const string GetChunk = "get_chunk";
    public const string GetChunks = "get_chunks";
    public const string Flush = "flush";
    public const string FindMissing = "find_missing";
    public const string GetFileInfo = "get_file_info";
    public const string Prepare = "prepare";
    public const string Seal = "seal";
    public const string Accept = "accept";
    public const string Decide = "decide";
    public const string Read = "read";
    public const string ListFiles = "list_files";
    public const string VerifyChunk = "verify_chunk";
    public const string PeerInfo = "peer_info";
    public const string ListSeals = "list_seals";
    public const string Optimize = "optimize";
    public const string Join = "join";
    public const string Invite = "invite";
    public const string Announce = "announce";
    public const string ListPeers = "list_peers";
    public const string Renew = "renew";
    public const string ListCertificates = "list_certificates";
    public const string Revoke = "revoke";
    public const string GetRevocations = "get_revocations";
    public const string PutRevocations = "put_revocations";
    public const string GetIssuer = "get_issuer";
    public const string PutIssuer = "put_issuer";

    /// <summary>Whether a request for this operation carries a payload; null for an unknown operation.</summary>
    public static bool? TakesPayload(string operation) => operation switch
    {
        StoreChunk or StoreChunks or GetChunks or FindMissing or Prepare or Seal or Accept or Decide or Read
            or PutRevocations or PutIssuer => true,
        Hello or Ping or GetChunk or Flush or GetFileInfo or ListFiles or VerifyChunk or PeerInfo
            or ListSeals or Optimize or Join or Invite or Announce or ListPeers
            or Renew or ListCertificates or Revoke or GetRevocations or GetIssuer => false,
        _ => null,
    };
}
