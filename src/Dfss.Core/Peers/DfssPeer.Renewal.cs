using System.Globalization;
using Dfss.Security;
using Dfss.Transport;

namespace Dfss.Peers;

/// <content>The peer's own certificate, which is renewed while it runs.</content>
public sealed partial class DfssPeer
{
    /// <summary>Daily: who reads the log once a week sees it in time.</summary>
    private static readonly TimeSpan ReminderInterval = TimeSpan.FromDays(1);

    /// <summary>The identity that it shows; null without a certificate.</summary>
    internal TlsIdentity? Identity { get; private set; }

    private async Task RenewIdentityAsync()
    {
        if (tls is null)
        {
            return;
        }

        using PeriodicTimer timer = new(Options.RenewalInterval, Options.TimeProvider);
        DateTimeOffset? reminded = null;
        try
        {
            do
            {
                string? failure = await RenewOnceAsync().ConfigureAwait(false);
                DateTimeOffset now = Options.TimeProvider.GetUtcNow();
                if ((failure is not null || CertificateAge.IsEnding(Identity!.Certificate, now)) && !(now - reminded < ReminderInterval))
                {
                    reminded = now;
                    string why = failure is null ? "." : $", and could not be renewed: {failure}";
                    Log(string.Create(
                        CultureInfo.InvariantCulture, $"The peer's certificate holds until {Identity!.Certificate.NotAfter.ToUniversalTime():u}{why}"));
                }
            }
            while (await timer.WaitForNextTickAsync(stopping.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The peer stops.
        }
    }

    /// <summary>Takes another identity up, where there is one.</summary>
    /// <returns>Why there is none.</returns>
    private async Task<string?> RenewOnceAsync()
    {
        if (Options.RenewIdentity is not { } renew)
        {
            return null;
        }

        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        TlsIdentity shown = Identity!;
        try
        {
            TlsIdentity other = await renew(shown, stopping.Token).ConfigureAwait(false);
            if (!ReferenceEquals(other, shown))
            {
                CertificateValidator judge = tls!.Validator;
                judge.ThrowIfUnusableAt(other, StoreId);
                tls = new TlsTransport(other, judge);
                Identity = other;
                Log(string.Create(
                    CultureInfo.InvariantCulture, $"The peer has a new certificate, which holds until {other.Certificate.NotAfter.ToUniversalTime():u}."));
            }

            return null;
        }
        catch (Exception error) when (error is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            // The edge of what others have to say: whatever it is, it is told, and asked for again in an hour.
            return error.Message;
        }
    }
}
