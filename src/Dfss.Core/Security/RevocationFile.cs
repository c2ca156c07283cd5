using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dfss.Security;

/// <summary>
/// The revocation list of a cluster as one member keeps it, in a file that several processes of the member share. A
/// newer list replaces it whichever peer or client sends it, because the authority has signed it. An older list never
/// replaces it. Safe for concurrent use.
/// </summary>
internal sealed class RevocationFile
{
    /// <summary>8 MiB: some 200,000 certificates.</summary>
    public const int MaxListBytes = 8 << 20;

    private readonly string path;
    private readonly X509Certificate2 authority;
    private readonly string issuer;
    private readonly WatchedFile<RevocationLists> lists;

    /// <param name="path">The file.</param>
    /// <param name="authority">The cluster's authority.</param>
    /// <param name="lists">What reads the file.</param>
    public RevocationFile(string path, X509Certificate2 authority, WatchedFile<RevocationLists> lists)
    {
        this.path = path;
        this.authority = authority;
        this.lists = lists;
        issuer = Convert.ToHexString(authority.SubjectName.RawData);
    }

    /// <summary>For a caller that has no other reader of the file.</summary>
    public RevocationFile(string path, X509Certificate2 authority, TimeProvider clock)
        : this(path, authority, RevocationLists.Watch(path, [authority], clock, log: null))
    {
    }

    /// <summary>
    /// The number of the list in force. Numbers over 63 bits are reported as the highest 63-bit number: such a list is
    /// not passed on.
    /// </summary>
    /// <exception cref="DfssException">InvalidArgument: the file has never been read, and cannot be.</exception>
    public long Number => (long)BigInteger.Min(lists.Current.NumberOf(issuer), long.MaxValue);

    /// <summary>Whether the list in force revokes this certificate.</summary>
    /// <param name="serial">The certificate's serial number, in hexadecimal.</param>
    public bool Has(string serial) => lists.Current.IsRevoked(new CertificateKey(issuer, serial));

    /// <summary>The list in force, in PEM.</summary>
    /// <exception cref="DfssException">PeerFault: the file cannot be read.</exception>
    public string Read()
    {
        try
        {
            return Encoding.ASCII.GetString(PrivateFile.ReadBytes(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DfssException(
                DfssErrorCode.PeerFault, $"The revocation list '{path}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Replaces this list where the given one is newer.</summary>
    /// <param name="list">The list, in PEM.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <returns>Whether the given list was newer.</returns>
    /// <exception cref="DfssException">
    /// InvalidArgument: the authority has not signed the list; DestinationUnwritable.
    /// </exception>
    public async Task<bool> ReplaceAsync(ReadOnlyMemory<byte> list, CancellationToken cancellationToken)
    {
        (BigInteger number, string text) = Parse(list);
        if (number <= lists.Current.NumberOf(issuer))
        {
            return false;
        }

        FileStream turn = await LockedFile.TakeAsync(path, cancellationToken).ConfigureAwait(false);
        await using (turn.ConfigureAwait(false))
        {
            // Another process may have written a newer one.
            if (number <= lists.Current.NumberOf(issuer))
            {
                return false;
            }

            await PrivateFile.ReplaceAsync(path, text, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private (BigInteger Number, string Text) Parse(ReadOnlyMemory<byte> list)
    {
        try
        {
            if (list.Length > MaxListBytes)
            {
                throw new FormatException($"it is over {MaxListBytes} bytes long");
            }

            // Only the first list is kept; other content is dropped.
            byte[] encoded = RevocationLists.Split(list.ToArray())[0];
            return (RevocationList.Read(encoded, [authority]).Number, PemEncoding.WriteString("X509 CRL", encoded));
        }
        catch (FormatException error)
        {
            throw new DfssException(
                DfssErrorCode.InvalidArgument,
                $"The received data is not a revocation list of the cluster's authority: {error.Message}.", error);
        }
    }
}
