using System.Buffers.Text;
using System.Security.Cryptography;
using Dfss.Clusters;
using Dfss.Protocol;
using Dfss.Security;
using Dfss.Testing;
using Xunit;

namespace Dfss.Tests.Security;

public sealed class InvitationTests : IDisposable
{
    private readonly TestAuthority authority = new("lab");
    private readonly Invitation invitation;

    public InvitationTests() => invitation = new Invitation(
        [new PeerAddress("box1", 9000), new PeerAddress("::1", 9001)], authority.Certificate, DfssRole.Writer,
        DateTimeOffset.FromUnixTimeMilliseconds(1_767_225_600_000), RandomNumberGenerator.GetBytes(32));

    public void Dispose() => authority.Dispose();

    [Fact]
    public void Its_text_says_all_of_it_on_one_line_and_whatever_blanks_a_mail_has_put_in()
    {
        string text = invitation.ToText();
        Assert.Matches("^dfss-invitation:[A-Za-z0-9_-]+$", text);
        Assert.InRange(text.Length, 100, 2000);
        foreach (string given in new[]
        {
            text, $"  {text}\r\n", string.Join("\n", text.Chunk(70).Select(part => new string(part)))
        })
        {
            Invitation read = Invitation.Parse(given);
            Assert.Equal(invitation.Addresses, read.Addresses);
            Assert.Equal(authority.Certificate.RawData, read.Authority.RawData);
            Assert.Equal(("lab", DfssRole.Writer, invitation.Expires), (read.Cluster, read.Role, read.Expires));
            Assert.Equal(invitation.Secret, read.Secret);
        }
    }

    [Fact]
    public void As_an_object_it_does_not_show_its_secret()
    {
        Assert.Equal("invitation to lab as Writer, until 2026-01-01 00:00:00Z", invitation.ToString());
        Assert.DoesNotContain(
            typeof(Invitation).GetProperties(), property => property.PropertyType == typeof(byte[]));
    }

    [Fact]
    public void Cut_at_any_place_it_is_no_invitation_and_the_error_shows_nothing_of_it()
    {
        string text = invitation.ToText();
        for (int length = 0; length < text.Length; length++)
        {
            DfssException error = Refused(text[..length]);
            Assert.DoesNotContain(
                text[Invitation.Prefix.Length..(Invitation.Prefix.Length + 20)], error.ToString(),
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("dfss-invitation:")]
    [InlineData("dfss-invitation:=")]
    [InlineData("dfss-invitation:ü")]
    [InlineData("DFSS-INVITATION:AAAA")]
    [InlineData("https://example.com")]
    public void Other_texts_are_none(string text) => Refused(text);

    [Fact]
    public void Too_long_a_text_is_refused_before_it_is_looked_at() =>
        Refused(Invitation.Prefix + new string('A', Invitation.MaxTextCharacters));

    [Fact]
    public void Whatever_is_changed_in_it_is_refused_as_such_or_read_as_something_else()
    {
        // No secret is signed: a changed secret or address admits no member. What counts is that nothing
        // else is thrown.
        byte[] body = invitation.Encode();
        Random random = new(1);
        for (int i = 0; i < 3000; i++)
        {
            byte[] changed = [.. body];
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                _ = Invitation.Parse(Invitation.Prefix + Base64Url.EncodeToString(changed));
            }
            catch (DfssException error)
            {
                Assert.Equal(DfssErrorCode.InvitationInvalid, error.Code);
            }
        }
    }

    [Fact]
    public void Parts_that_are_missing_too_long_or_of_another_kind_are_refused()
    {
        using TestAuthority other = new();
        Dictionary<string, MessageValue[]> wrong = new()
        {
            ["secret"] = [MessageValue.Nil, new byte[31], new byte[33], "x"],
            ["authority"] = [MessageValue.Nil, new byte[] { 1 }, new byte[5000],
                other.Issue(new() { Name = "x", Role = DfssRole.Admin }).RawData],
            ["addresses"] = [MessageValue.Nil, MessageValue.From([]), MessageValue.From(["9000"]),
                Handshake.ToArray([.. Enumerable.Repeat("a:1", 9)])],
            ["expires"] = [MessageValue.Nil, MessageValue.MaxInteger, "soon"],
            ["role"] = [MessageValue.Nil, "root", "Writer"],
        };
        foreach ((string key, MessageValue[] values) in wrong)
        {
            foreach (MessageValue value in values)
            {
                MessageMap map = [];
                foreach ((string name, MessageValue right) in Invitation.ToMap(invitation))
                {
                    map.Add(name, name == key ? value : right);
                }

                byte[] body = MessageCodec.ToFrame(
                    Message.Request(1, "invitation", map), payload: null)[Frame.PrefixBytes..];
                Refused(Invitation.Prefix + Base64Url.EncodeToString(body));
            }
        }

        byte[] later = MessageCodec.ToFrame(
            Message.Request(2, "invitation", Invitation.ToMap(invitation)), payload: null)[Frame.PrefixBytes..];
        Assert.Contains(
            "newer DFSS", Refused(Invitation.Prefix + Base64Url.EncodeToString(later)).Message,
            StringComparison.Ordinal);
    }

    private static DfssException Refused(string text)
    {
        DfssException error = Assert.Throws<DfssException>(() => Invitation.Parse(text));
        Assert.Equal(DfssErrorCode.InvitationInvalid, error.Code);
        return error;
    }
}
