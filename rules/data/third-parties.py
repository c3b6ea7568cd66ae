#!/usr/bin/env python3
"""third-parties.py ENTITIES.json FOLDER: makes vendors/third-parties-*.txt, lists of hosts by purpose.

ENTITIES.json is dist/entities-nostats.json of the npm package third-party-web (MIT). Run by hand when that changes; the
results are part of the source.

Left out: what vendors/*.rules name already, hosts that pages need for something else (OTHER_USES), and hosts of clouds,
which belong to somebody else tomorrow.
"""
import json
import os
import re
import sys

PURPOSES = {
    'ad': 'advertising', 'marketing': 'advertising', 'social': 'advertising', 'analytics': 'analytics',
    'tag-manager': 'analytics', 'customer-success': 'preferences', 'video': 'preferences',
}
MOVED = {  # filed under something that they are not
    'preferences': 'jwpcdn.com jwplatform.com jwplayer.com jwpsrv.com ooyala.com drift.com driftt.com',
    'advertising': 'aniview.com quantserve.com sc-static.net atdmt.com krxd.net rlcdn.com demdex.net everesttech.net '
                   'dotomi.com fastclick.net mediaplex.com yadro.ru',
    'analytics': 'pagesuite-professional.co.uk foresee.com',
}
# Sites and services in their own right: content, sign-in, forms, reviews, search, shops, images.
OTHER_USES = '''
facebook.com fbsbx.com fbcdn.net instagram.com cdninstagram.com plus.google.com google.com youtube.com
youtube-nocookie.com ytimg.com ggpht.com vine.co twimg.com twitpic.com t.co gravatar.com pixnet.net pixfs.net tumblr.com
vk.com pinterest.com pinimg.com linkedin.com licdn.com reddit.com redditstatic.com quora.com tiktok.com ipstatp.com
snapchat.com flipboard.com livejournal.com livejournal.net myspace.com delicious.com storify.com daum.net daumcdn.net
line.me line-scdn.net sstatic.net twitch.tv aol.com aol.co.uk aol.net aolcdn.com blogsmithmedia.com oath.com yahoo.com
yahoo.net yahooapis.com yimg.com yimg.jp yahoo.co.jp zenfs.com hostingprod.com bing.com microsoft.com msn.com s-msft.com
s-msn.com msecnd.net xboxlive.com apple.com ebay.com ebayimg.com hp.com ibmcloud.com okta.com gigya.com janrain.com
janrainbackplane.com rpxnow.com oneall.com loginradius.com lrcontent.com salesforce.com force.com salesforceliveagent.com
custhelp.com eloqua.com rightnowtech.com list-manage.com mailchimp.com hubspot.com hubspot.net hsforms.com hsforms.net
hsstatic.net hs-banner.com aweber.com infusionsoft.com getresponse.com sharpspring.com dotmailer.com ctctcdn.com
bigcommerce.com actonsoftware.com zendesk.com zdassets.com trustpilot.com bazaarvoice.com powerreviews.com reviews.io
reviews.co.uk feefo.com yotpo.com judge.me ekomi.com ekomi.de reevoo.com stamped.io searchanise.com clerk.io apptus.com
surveymonkey.com surveygizmo.eu polldaddy.com poll.fm easypolls.net typeform.com amplience.com amplience.net 10cms.com
bigcontent.io adis.ws flixcar.com flixfacts.com flixfacts.co.uk flix360.com flixsyndication.net webcollage.net
scribblelive.com zencdn.net delvenetworks.com limelight.com llnwd.net imageg.net tcdn.com.br opentok.com rakuten-static.com
answers.com bbb.org buzzfeed.com buzzfed.com bwbx.io theguardian.com guardian.co.uk news.com.au newsapi.com.au
newscdn.com.au news-static.com wayfair.com wowcher.co.uk zoover.nl zoover.co.uk 01net.com o2.pl wp.pl onet.pl
hotukdeals.com hootsuite.com pistonheads.com sas.com rebelmouse.com rbl.ms cdnplanet.com spiceworks.com shopapps.in
shop.pe myunidays.com unidays.world bet365affiliates.com vouchedfor.co.uk mobilenations.com sodahead.com segment.com
tinypass.com evidon.com betrad.com privacymanager.io net.pl net.net de.com icnetwork.co.uk tm-aws.com audioboom.com
audioboo.fm bufferapp.com app.link custom.com unbounce.com fivetran.com d-bi.fr
'''
CLOUDS = re.compile(r'(^|\.)(cloudfront\.net?|akamaihd\.net|azurewebsites\.net|azureedge\.net|b-cdn\.net|cdn77\.org|'
                    r'cloudfunctions\.net|windows\.net|amazonaws\.com|leasewebcdn\.com|insnw\.net|cdnetworks\.net|'
                    r'alphacdn\.net|edgecastdns\.net)$')
HEAD = '''! Third parties for the purpose {purpose}; from the npm package third-party-web, with changes
! (rules/data/third-parties.py). Its licence:
!
'''


def covered(host, hosts):
    labels = host.split('.')
    return any('.'.join(labels[i:]) in hosts for i in range(len(labels)))


def named(folder):
    """Hosts that the rules of vendors name as a whole."""
    hosts = set()
    for name in os.listdir(folder):
        if name.endswith('.rules'):
            with open(os.path.join(folder, name), encoding='utf-8') as f:
                for line in f:
                    if line.startswith('beacon'):
                        hosts.update(re.findall(r'\|\|([a-z0-9.-]+)\^(?=\s)', line))
    return hosts


def main():
    entities, folder = sys.argv[1:]
    with open(entities, encoding='utf-8') as f:
        entities = json.load(f)
    moved = {h: p for p, hosts in MOVED.items() for h in hosts.split()}
    out = {p: set() for p in PURPOSES.values()}
    known = named(folder)
    left = set(OTHER_USES.split())
    for e in entities:
        for domain in e['domains']:
            host = domain.removeprefix('*.').lower()
            purpose = moved.get(host, PURPOSES.get(e.get('category')))
            if not purpose or CLOUDS.search(host) or covered(host, known) or (covered(host, left)):
                continue
            if host.count('.') and re.fullmatch(r'[a-z0-9.-]+', host):
                out[purpose].add(host)
    for purpose, hosts in out.items():
        with open(os.path.join(folder, f'third-parties-{purpose}.txt'), 'w', encoding='utf-8') as f:
            f.write(HEAD.format(purpose=purpose))
            f.writelines(f'! {line}'.rstrip() + '\n' for line in LICENCE.split('\n'))
            f.writelines(f'||{h}^$third-party\n' for h in sorted(hosts) if not covered(h.partition('.')[2], hosts))


LICENCE = '''The MIT License (MIT)
Copyright (c) 2019 Patrick Hulce

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
'''

if __name__ == '__main__':
    main()
