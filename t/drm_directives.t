# Proves what the directives of protection take and refuse, each refusal with
# its message.
use Test::Nginx::Socket 'no_plan';

use File::Temp;

my $dir = File::Temp->newdir;

# main_config of a block is what stands in "video { }", and config in a server.
# SEED is a file of 32 bytes, or of what "HEX digits times" says, of mode 600 or
# what "MODE" says.
add_block_preprocessor(sub {
    my $block = shift;
    my $text = $block->main_config // '';
    my $mode = $text =~ s/^MODE (\d+)\n//m ? $1 : '600';
    my $seed = $text =~ s/^HEX (\w+) (\d+)\n//m ? $1 x $2
               : "  \n" . '0a' x 32 . "\n";

    $text = 'keys main { seed SEED; }' if $text !~ /\S/;
    unlink "$dir/seed";
    open my $fh, '>', "$dir/seed" or die "$dir/seed: $!\n";
    print $fh $seed;
    close $fh;
    chmod oct $mode, "$dir/seed";

    $text =~ s/SEED/$dir\/seed/g;
    $block->set_value('main_config', "video { zone vod 8m; $text }\n");
    $block->set_value('config', ($block->config // '')
                                . "location = /up { return 204; }\n");
    if (!defined $block->must_die) {
        $block->set_value('request', 'GET /up');
        $block->set_value('error_code', 204);
    }
});

run_tests();

__DATA__

=== TEST 1: everything
--- main_config
keys main { seed SEED; }
keys other { seed SEED; }
--- config
video_encrypt cbcs keys=main;
location /a/ { video_vod zone=vod; video_encrypt cenc keys=other asset=$arg_a licence=https://$host/l/; }
location /b/ { video_vod zone=vod; video_encrypt off; }
location /c/ { video_vod zone=vod; }
location /l/ { video_clearkey keys=main; video_clearkey_cors $http_origin; }



=== TEST 2: a seed of 16 bytes that its group may read
--- main_config
HEX 00 16
MODE 640



=== TEST 3: a seed of 64 bytes
--- main_config
HEX fF 64



=== TEST 4: a seed that is too short
--- main_config
HEX 00 15
--- must_die
--- error_log eval
qr/the seed "[^"]+seed" is none: 32 to 128 hexadecimal digits are expected, as of "openssl rand -hex 32"/



=== TEST 5: a seed that is too long
--- main_config
HEX 00 65
--- must_die
--- error_log: is none: 32 to 128 hexadecimal digits are expected



=== TEST 6: a seed that is no number
--- main_config
HEX xy 32
--- must_die
--- error_log: is none: 32 to 128 hexadecimal digits are expected



=== TEST 7: a seed that is empty
--- main_config
HEX 0 0
--- must_die
--- error_log: is none: 32 to 128 hexadecimal digits are expected



=== TEST 8: a seed that is open to everybody
--- main_config
MODE 604
--- must_die
--- error_log eval
qr/the seed "[^"]+seed" is open to everybody: its mode must be 0600 or 0640/



=== TEST 9: a seed that is not there
--- main_config
keys main { seed SEED.none; }
--- must_die
--- error_log eval
qr/the seed "[^"]+seed\.none" can't be opened/



=== TEST 10: a seed that is a directory
--- main_config
keys main { seed /tmp; }
--- must_die
--- error_log: the seed "/tmp" is not a file



=== TEST 11: keys of nothing
--- main_config
keys main { }
--- must_die
--- error_log: keys "main" come from nowhere: "seed PATH;" is expected



=== TEST 12: something else in them
--- main_config
keys main { seed SEED; table SEED; }
--- must_die
--- error_log: unknown directive "table" in "keys": "seed PATH;" is expected



=== TEST 13: two seeds
--- main_config
keys main { seed SEED; seed SEED; }
--- must_die
--- error_log: "seed" directive is duplicate



=== TEST 14: two of a name
--- main_config
keys main { seed SEED; } keys main { seed SEED; }
--- must_die
--- error_log: "keys" directive is duplicate



=== TEST 15: no name
--- main_config
keys "" { seed SEED; }
--- must_die
--- error_log: empty name of keys



=== TEST 16: keys that are not declared
--- config
location /a/ { video_vod zone=vod; video_encrypt cenc keys=none; }
--- must_die
--- error_log eval
qr/keys "none" are not declared in "video \{ \}" in \S+nginx\.conf:\d+/



=== TEST 17: licences of keys that are not declared
--- config
location /a/ { video_clearkey keys=none; }
--- must_die
--- error_log: keys "none" are not declared in "video { }" in



=== TEST 18: another scheme
--- config
location /a/ { video_encrypt cens keys=main; }
--- must_die
--- error_log: invalid scheme "cens" in "video_encrypt": "cenc", "cbcs" or "off" is expected



=== TEST 19: off with something
--- config
location /a/ { video_encrypt off keys=main; }
--- must_die
--- error_log: invalid scheme "off" in "video_encrypt"



=== TEST 20: no keys
--- config
location /a/ { video_encrypt cenc; }
--- must_die
--- error_log: "video_encrypt" needs the parameter "keys=NAME"



=== TEST 21: keys without a name
--- config
location /a/ { video_encrypt cenc keys=; }
--- must_die
--- error_log: invalid parameter "keys=" of "video_encrypt": "keys=NAME", "asset=NAME" and "licence=URL" are expected, each once



=== TEST 22: keys twice
--- config
location /a/ { video_encrypt cenc keys=main keys=main; }
--- must_die
--- error_log: invalid parameter "keys=main" of "video_encrypt"



=== TEST 23: an asset twice
--- config
location /a/ { video_encrypt cenc keys=main asset=a asset=b; }
--- must_die
--- error_log: invalid parameter "asset=b" of "video_encrypt"



=== TEST 24: two of them
--- config
location /a/ { video_encrypt cenc keys=main; video_encrypt off; }
--- must_die
--- error_log: "video_encrypt" directive is duplicate



=== TEST 25: licences of no keys
--- config
location /a/ { video_clearkey main; }
--- must_die
--- error_log: invalid parameter "main" of "video_clearkey": "keys=NAME" is expected



=== TEST 26: licences twice
--- config
location /a/ { video_clearkey keys=main; video_clearkey keys=main; }
--- must_die
--- error_log: "video_clearkey" directive is duplicate
